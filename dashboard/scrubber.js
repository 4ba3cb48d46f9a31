// Moves through the frames of one sprite sheet without asking the server; the step is kept in the URL.
const PLAY_MILLISECONDS = 4000
const MARGIN = { left: 40, right: 12, top: 18, bottom: 40 }
const DASHES = ["", "7 4", "2 4"]
const states = new WeakMap()

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".scrubber")
  if (!root || !data) return
  const old = states.get(parentElement)
  if (old) old.stop()
  const state = build(root, data, old)
  states.set(parentElement, state)
  return () => states.get(parentElement)?.stop()
}

function build(root, data, old) {
  const find = name => root.querySelector(name)
  const [height, width] = data.size
  const last = data.steps.length - 1
  const sheet = new Image()
  const same = old && old.moved() && old.last === last // a step taken while the server was answering stays taken
  let index = same ? old.index() : data.index
  let timer = null
  let written = null
  let moved = Boolean(same)
  root.style.setProperty("--accent", data.accent)

  const views = find(".views")
  views.replaceChildren(...data.views.map((view, row) => panel(view, row, width, height)))
  const canvases = [...views.querySelectorAll("canvas")]
  const sayings = [...views.querySelectorAll(".said")]
  const range = find(".range")
  range.max = last
  const svg = find(".chart")
  const redraw = () => chart(svg, data)
  const watch = new ResizeObserver(() => { redraw(); mark() })
  watch.observe(svg)

  function panel(view, row, width, height) {
    const room = Math.min(row < 2 ? 252 : 140, Math.max(112, (root.clientWidth - 24) / 2))
    const scale = Math.max(1, Math.floor(room / width))
    const box = make("div", { class: "view" })
    box.style.width = `${Math.max(width * scale, 112)}px`
    const name = make("div", { class: "name" })
    const dash = make("span", { class: "dash" })
    dash.style.borderTopColor = view.colour
    dash.style.borderTopStyle = ["solid", "dashed", "dotted"][row]
    name.append(dash, view.name)
    name.title = view.hint
    const canvas = make("canvas", { width, height, role: "img", "aria-label": view.name })
    canvas.style.width = `${width * scale}px`
    canvas.style.height = `${height * scale}px`
    box.append(name, canvas, make("div", { class: "said" }))
    return box
  }

  function paint() {
    canvases.forEach((canvas, row) => {
      if (sheet.complete && sheet.naturalWidth) {
        canvas.getContext("2d").drawImage(sheet, index * width, row * height, width, height, 0, 0, width, height)
      }
      const view = data.views[row]
      const chance = view.chance[index]
      sayings[row].textContent = chance === null ? "not judged" :
        `${view.judge}: ${view.top[index]} first; asked class ${chance.toFixed(2)}`
    })
    range.value = index
    range.setAttribute("aria-valuetext", `step ${data.steps[index]} of ${data.steps[last]}`)
    const where = find(".where")
    where.textContent = `Step ${data.steps[index]} of ${data.steps[last]}, ${data.percent[index]} % done, ` +
      `logSNR ${String(data.logsnr[index]).replace("-", "−")}, σ ${data.sigma[index]} `
    if (data.point && index >= data.point.index) {
      const word = document.createElement("b")
      word.textContent = "recognizable"
      where.append(word)
    }
    mark()
  }

  function mark() {
    const now = svg.querySelector(".now")
    if (!now) return
    const x = across(svg, data.place[index])
    now.setAttribute("x1", x)
    now.setAttribute("x2", x)
  }

  function go(to) {
    moved = true
    index = Math.min(last, Math.max(0, to))
    paint()
    clearTimeout(written)
    written = setTimeout(write, 150)
  }

  function write() {
    if (!moved) return
    const address = new URL(window.location.href)
    const step = String(data.steps[index])
    if (address.searchParams.get("step") === step) return
    address.searchParams.set("step", step)
    window.history.replaceState(window.history.state, "", address)
  }

  function play() {
    if (timer) return pause()
    if (index === last) index = 0
    const play = find(".play")
    play.textContent = "❚❚"
    play.setAttribute("aria-label", "Pause")
    const began = performance.now()
    const from = index
    const move = now => {
      const next = Math.min(last, from + Math.round((now - began) / PLAY_MILLISECONDS * last))
      if (next !== index) go(next)
      timer = next < last ? requestAnimationFrame(move) : (pause(), null)
    }
    timer = requestAnimationFrame(move)
  }

  function pause() {
    cancelAnimationFrame(timer)
    timer = null
    find(".play").textContent = "▶"
    find(".play").setAttribute("aria-label", "Play")
  }

  find(".play").onclick = play
  find(".back").onclick = () => { pause(); go(index - 1) }
  find(".on").onclick = () => { pause(); go(index + 1) }
  range.oninput = () => { pause(); go(Number(range.value)) }
  root.onkeydown = event => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -last, End: last }
    if (event.key in moves) go(index + moves[event.key])
    else if (event.key === " " && event.target.tagName !== "BUTTON") play()
    else return
    if (event.key in moves) pause()
    event.preventDefault()
    event.stopPropagation()
  }
  sheet.onload = paint
  sheet.src = data.sheet
  redraw()
  paint()
  const guard = setInterval(write, 1000) // another control's answer may have written an older address meanwhile
  return { last, index: () => index, moved: () => moved, stop: () => { pause(); clearTimeout(written); clearInterval(guard); watch.disconnect() } }
}

function across(svg, place) {
  return MARGIN.left + place * Math.max(10, svg.clientWidth - MARGIN.left - MARGIN.right)
}

function chart(svg, data) {
  const height = svg.clientHeight
  const down = chance => MARGIN.top + (1 - chance) * (height - MARGIN.top - MARGIN.bottom)
  const parts = []
  for (const chance of [0, 0.5, 1]) {
    parts.push(shape("line", { class: "grid", x1: across(svg, 0), x2: across(svg, 1), y1: down(chance), y2: down(chance) }))
    parts.push(text(String(chance), MARGIN.left - 8, down(chance) + 4, "end"))
  }
  for (const tick of data.ticks) parts.push(text(tick.text, across(svg, tick.place), down(0) + 17, "middle"))
  parts.push(text(data.axis, across(svg, 0.5), down(0) + 35, "middle"))
  data.views.forEach((view, row) => {
    let path = ""
    view.chance.forEach((chance, index) => {
      if (chance !== null) {
        const gap = index === 0 || view.chance[index - 1] === null
        path += `${gap ? "M" : "L"}${across(svg, data.place[index]).toFixed(1)} ${down(chance).toFixed(1)}`
      }
    })
    parts.push(shape("path", { class: "line", d: path, stroke: view.colour, "stroke-dasharray": DASHES[row] }))
  })
  const upright = (name, place) =>
    shape("line", { class: name, x1: across(svg, place), x2: across(svg, place), y1: down(1), y2: down(0) })
  parts.push(upright("source", data.source), text("source: 70 %", across(svg, data.source) + 5, down(1) - 5, "start"))
  if (data.point) {
    const left = Math.abs(data.point.place - data.source) < 0.14 || data.point.place > 0.85
    const word = text("recognized", across(svg, data.point.place) + (left ? -5 : 5), down(1) - 5, left ? "end" : "start")
    word.setAttribute("class", "point")
    parts.push(upright("point", data.point.place), word)
  }
  parts.push(shape("line", { class: "now", x1: 0, x2: 0, y1: down(1), y2: down(0) }))
  svg.replaceChildren(...parts)
}

function text(content, x, y, anchor) {
  const element = shape("text", { x, y, "text-anchor": anchor })
  element.textContent = content
  return element
}

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}

function make(name, attributes) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
