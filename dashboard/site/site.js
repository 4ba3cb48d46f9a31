// Shows the file that the address asks for, and draws what is in it. Every number in it was computed before.
const up = document.documentElement.dataset.up
const read = id => JSON.parse(document.getElementById(id).textContent)
const asked = new URLSearchParams(location.search)
const LABELS = { run: "Run", baseline: "Baseline", class: "Class" }

function made(tag, rest = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), rest)
  element.append(...inside)
  return element
}

// Of the files of this page the one that agrees with most of what the address asks for
function wanted(files) {
  const agreed = ([known]) => Object.entries(known).filter(([key, value]) => asked.getAll(key).includes(value)).length
  return files.reduce((best, each) => (agreed(each) > agreed(best) ? each : best))
}

function menu(files, shown) {
  const place = document.getElementById("menu")
  for (const key of Object.keys(LABELS).filter(key => key in shown)) {
    const values = [...new Set(files.map(([known]) => known[key]))]
    if (values.length < 2) continue
    const select = made("select", { name: key })
    select.append(...values.map(value => made("option", { value, textContent: value, selected: value === shown[key] })))
    select.addEventListener("change", () => {
      const next = { ...shown, [key]: select.value }
      if (key === "run" && "with" in next) next.with = next.run
      location.search = new URLSearchParams(next)
    })
    place.append(made("label", {}, `${LABELS[key]} `, select))
  }
  place.hidden = !place.children.length
}

// Another page of the same run
function links(run) {
  for (const link of document.querySelectorAll("nav a")) {
    const address = new URL(link.href)
    address.searchParams.set("run", run)
    link.href = address.href
  }
}

async function opened() {
  const files = read("files")
  if (!files.length) return
  const [shown, file] = wanted(files)
  menu(files, shown)
  links(shown.run)
  const answer = await fetch(file)
  if (!answer.ok) throw new Error(`${file} is not here; the site was not copied whole.`)
  const page = new DOMParser().parseFromString(await answer.text(), "text/html")
  document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes)
}

function charts() {
  const { layout, config } = read("charts")
  for (const place of document.querySelectorAll("[data-figure]")) {
    const figure = read(place.dataset.figure), small = innerWidth > 640 ? null : figure.narrow
    const data = figure.data.map((trace, at) => ({ ...trace, ...small?.data[at] }))
    const drawn = { ...(small ?? figure).layout, ...layout, autosize: true }
    const toImageButtonOptions = JSON.parse(place.dataset.saved)
    Plotly.newPlot(place, data, drawn, { ...config, responsive: true, toImageButtonOptions })
  }
}

async function components() {
  for (const place of document.querySelectorAll("[data-component]")) {
    const name = place.dataset.component, shadow = place.attachShadow({ mode: "open" })
    shadow.append(...place.childNodes)
    shadow.prepend(made("link", { rel: "stylesheet", href: `${up}assets/${name}.css` }))
    const { default: draw } = await import(new URL(`${up}assets/${name}.js`, location).href)
    draw({ data: read(place.dataset.content), parentElement: shadow, setTriggerValue() {}, setStateValue() {} })
  }
}

// What puts one figure of a page into another page
function embedding() {
  for (const figure of document.querySelectorAll("figure[id]")) {
    const address = new URL(location.href)
    address.hash = ""
    address.searchParams.set("figure", figure.id)
    const code = `<iframe src="${address.href}" width="760" height="420" title="Firstlight: ${document.title}"></iframe>`
    const shown = made("details", { className: "embed" }, made("summary", { textContent: "Embed" }), made("pre", { textContent: code }))
    figure.append(shown)
  }
}

// A figure alone, with what it is of
function one(name) {
  const figure = document.getElementById(name), main = document.querySelector("main")
  if (!figure) return
  const back = new URL(location.href)
  back.searchParams.delete("figure")
  const whole = made("p", { className: "note kept" }, made("a", { href: back.href, target: "_top", textContent: document.title }))
  figure.classList.add("kept")
  main.prepend(figure, whole)
  document.body.classList.add("one-figure")
}

async function drawing() {
  if (!document.getElementById("live-plan")) return
  for (const name of ["noise.js", "picture.js", "live.js"]) {
    const script = made("script", { src: `${up}assets/${name}` })
    await new Promise(next => { script.onload = next; document.body.append(script) })
  }
}

async function start() {
  document.getElementById("pages").open = innerWidth > 640
  await opened()
  document.title = `${document.querySelector("h1")?.textContent ?? ""}${asked.get("run") ? `, ${asked.get("run")}` : ""} · Firstlight`
  if (asked.get("figure")) one(asked.get("figure"))
  charts()
  signCharts()
  offerPictures()
  embedding()
  await components()
  await drawing()
  stopOnce()
  const part = [...document.querySelectorAll("[data-part]")].find(each => each.dataset.part === asked.get("part"))
  part?.scrollIntoView()
  document.documentElement.dataset.state = "shown"
}

start().catch(error => {
  document.querySelector("main").append(made("p", { className: "notice", textContent: error.message }))
  document.documentElement.dataset.state = "failed"
})
