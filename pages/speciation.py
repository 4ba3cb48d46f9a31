"""When the class is decided: the experiments, and theory beside them."""

from dashboard.access import sign_in
from dashboard.components import control_bar, elements, inputs
from dashboard.data import archive
from dashboard.speciation import headline, tabs

elements.title("Speciation", "When is the class decided, and does theory know?")
run, axis = archive.chosen_run(), control_bar.chosen_axis()
elements.headline(headline.sentence(run, axis))


@sign_in.fragment
def measured() -> None:
    """The open part; its controls change nothing else."""
    for name, part in inputs.parts(list(tabs.PARTS), "experiment"):
        with part:
            tabs.draw(name, run, axis)


measured()
