// Draws the charts of this file with the plotly.js in it. Without scripts, the tables hold the same numbers.
const read = id => JSON.parse(document.getElementById(id).textContent)
const figures = read("figures")
const config = read("config")
for (const place of document.querySelectorAll("[data-figure]")) {
  const figure = figures[Number(place.dataset.figure)]
  const width = Math.max(Math.min(place.parentElement.clientWidth, 700), 560)
  const toImageButtonOptions = figure.saved
  Plotly.newPlot(place, figure.data, { ...figure.layout, width }, { ...config, toImageButtonOptions })
}
signCharts()
offerPictures()
stopOnce()
