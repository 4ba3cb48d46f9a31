"""How often the Tab key stops on a page: what a keyboard reader has to pass, looked at in the browser that shows it."""

from typing import Any

MOST = 120  # stops that are no links: a page is read with fewer
STOPS = """() => {
  const terms = [...document.querySelectorAll('.term')].filter(each => each.tabIndex >= 0)
  const means = terms.map(each => each.ariaDescription)
  const all = [...document.querySelectorAll('button, input, select, textarea, summary, [tabindex]')].filter(each =>
    each.tabIndex >= 0 && !each.disabled && each.checkVisibility({ visibilityProperty: true }))
  return [means.filter((each, place) => means.indexOf(each) < place), all.length]
}"""


def faults(page: Any) -> list[str]:
    """The terms at which Tab stops more than once, and whether it stops too often."""
    again, stops = page.evaluate(STOPS)
    return [*again, *([f"{stops} stops"] if stops > MOST else [])]
