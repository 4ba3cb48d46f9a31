// A reader's zoom, tool and hidden lines outlive a chart: where what it draws changes, Streamlit puts a new one in its place.
// A chart with other axes begins anew, and so does one of another page. Plotly itself is out of reach of a page's scripts:
// axes are set by the function of a button that each chart has, lines are hidden by a click in the legend.
const LEGEND = 400 // milliseconds between two clicks that plotly does not take for a double click
const GLANCE = 50 // milliseconds after a change of the page until its charts are looked for

export function keepZoom() {
  if (window.firstlightZoom) return
  const kept = (window.firstlightZoom = new Map()) // what a chart is of -> what its reader did
  const known = new WeakSet()
  let due = null
  const look = () => {
    due = null
    for (const chart of document.querySelectorAll(".js-plotly-plot")) {
      if (known.has(chart) || !chart.on || !chart._fullLayout?._modeBar) continue
      known.add(chart)
      const held = kept.get(subject(chart))
      if (held) again(chart, held)
      chart.on("plotly_relayout", said => { if (!chart.returning) keep(kept, chart, said) })
      chart.on("plotly_restyle", () => { if (!chart.returning) keep(kept, chart, {}) })
    }
  }
  new MutationObserver(() => { due ??= setTimeout(look, GLANCE) }).observe(document.body, { childList: true, subtree: true })
  look()
}

// What a chart is of: page, its place on it, and its axes.
function subject(chart) {
  const place = [...(chart.closest("[class*='st-key-']")?.classList ?? [])].find(name => name.startsWith("st-key-"))
  const { xaxis, yaxis } = chart._fullLayout
  return [location.pathname, place, ...[xaxis, yaxis].flatMap(axis => [axis?.type, axis?.title?.text])].join("\n")
}

function keep(kept, chart, said) {
  const layout = chart._fullLayout
  const held = kept.get(subject(chart)) ?? { ranges: {}, tool: layout.dragmode, hidden: [] }
  for (const name of ["xaxis", "yaxis"]) {
    if (said[`${name}.autorange`] || same(layout[name]?.range, start(layout[name]))) delete held.ranges[name]
    else if (Object.keys(said).some(key => key.startsWith(`${name}.range`))) held.ranges[name] = [...layout[name].range]
  }
  held.tool = layout.dragmode
  held.hidden = hidden(chart)
  kept.set(subject(chart), held)
}

const start = axis => [axis?._rangeInitial0, axis?._rangeInitial1]
const same = (one, other) => String(one) === String(other)
const hidden = chart => chart._fullData.filter(line => line.visible === "legendonly").map(line => line.name)

async function again(chart, held) {
  chart.returning = true
  const set = chart._fullLayout._modeBar.buttons.flat().find(button => button.name === "zoom2d")?.click
  const changes = [...Object.entries(held.ranges).map(([axis, range]) => [`${axis}.range`, range]), ["dragmode", held.tool]]
  for (const [what, value] of set ? changes : []) {
    const asked = { "data-attr": what, "data-val": value }
    set(chart, { currentTarget: { getAttribute: name => asked[name], setAttribute() {} } })
  }
  for (const name of held.hidden) {
    if (hidden(chart).includes(name)) continue
    const entry = [...chart.querySelectorAll(".legendtoggle")].find(each => each.__data__?.[0]?.trace?.name === name)
    for (const kind of entry ? ["mousedown", "mouseup"] : []) entry.dispatchEvent(new MouseEvent(kind, { bubbles: false }))
    await new Promise(done => setTimeout(done, LEGEND))
  }
  chart.returning = false
}
