// A chart that its own button saves says in its file what it is of, as pictures do: plotly alone would say nothing. So do
// the charts of a report and of a site.
const END = "</svg>"

function signCharts() {
  if (window.firstlightSigned) return
  window.firstlightSigned = true
  let chart = null // whose button was pressed
  addEventListener("click", event => {
    chart = event.target.closest?.(".modebar-btn")?.closest(".js-plotly-plot") ?? chart
  }, true)
  const make = URL.createObjectURL.bind(URL)
  URL.createObjectURL = file => {
    const says = file.type?.startsWith("image/svg+xml") && chart?._context?.toImageButtonOptions?.says
    if (!says) return make(file)
    const all = JSON.stringify({ link: location.href, ...says })
    const words = all.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    return make(new Blob([file.slice(0, -END.length), `<metadata>${words}</metadata>`, END], { type: file.type }))
  }
}
