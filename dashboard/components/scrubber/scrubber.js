// Moves through the frames of a sprite sheet for each row without asking the server; the step is kept in the URL.
const PLAY_MILLISECONDS = 4000
const DASHES = ["", "7 4", "2 4"]
const BORDERS = ["solid", "dashed", "dotted"]
const LARGE = [252, 252, 140] // pixels that a picture of each view may take where there is one row
const SMALL = 84 // and where there are several
const WORD = 80 // pixels that the name of an upright line may take
const LINE = 13 // and a line of letters
const KEPT = 32 // decoded sheets: what the server sends again is drawn at once
const states = new WeakMap()
const bitmaps = new Map()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".scrubber")
  if (!root || !data) return
  const old = states.get(parentElement)
  if (old) old.stop()
  states.set(parentElement, build(root, data, old, setTriggerValue))
  return () => states.get(parentElement)?.stop()
}

function build(root, data, old, trigger) {
  const find = name => root.querySelector(name)
  const last = data.stops.length - 1
  const many = data.rows.length > 1
  let moved = Boolean(old && old.moved() && old.unit === data.unit) // a step taken while the server answered stays
  let index = begin(data, moved ? old.value() : null)
  let timer = null
  let written = null
  root.style.setProperty("--accent", data.accent)
  root.classList.toggle("many", many)

  const rows = data.rows.map((row, place) => line(row, data, many, place === data.rows.length - 1, root.clientWidth))
  find(".rows").replaceChildren(...rows.map(row => row.box))
  legend(find(".legend"), data, many)
  const where = find(".where")
  const word = make("b", {})
  where.replaceChildren(document.createTextNode(""), word)
  const range = find(".range")
  range.max = last
  const watch = new ResizeObserver(() => { rows.forEach(row => row.redraw()); paint() })
  rows.forEach(row => watch.observe(row.svg))

  function paint() {
    rows.forEach(row => row.paint(index))
    range.value = index
    const reached = !many && data.rows[0].point !== null && data.rows[0].frame[index] >= data.rows[0].point
    const said = rows.map(row => row.said(index)).join("; ")
    range.setAttribute("aria-valuetext", `${data.words[index]}${reached ? ", recognizable" : ""}. ${said}`)
    where.firstChild.data = `${data.words[index]} `
    word.textContent = reached ? "recognizable" : ""
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
    if (address.searchParams.get(data.key) === data.stops[index]) return
    address.searchParams.set(data.key, data.stops[index])
    History.prototype.replaceState.call(history, history.state, "", address) // no step of the browser's Back
  }

  function play() {
    if (timer) return pause()
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return go(last)
    if (index === last) index = 0
    label("❚❚", "Pause")
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
    label("▶", "Play")
  }

  function label(sign, name) {
    find(".play").textContent = sign
    find(".play").setAttribute("aria-label", name)
  }

  function drag(row, event) {
    if (event.type === "pointerdown") {
      row.svg.setPointerCapture(event.pointerId)
      range.focus({ preventScroll: true })
    } else if (!row.svg.hasPointerCapture(event.pointerId)) return
    pause()
    go(nearest(data.place, row.placeAt(event.clientX)))
  }

  find(".play").onclick = play
  find(".back").onclick = () => { pause(); go(index - 1) }
  find(".on").onclick = () => { pause(); go(index + 1) }
  range.oninput = () => { pause(); go(Number(range.value)) }
  for (const row of rows) row.svg.onpointerdown = row.svg.onpointermove = event => drag(row, event)
  const fork = find(".fork")
  fork.hidden = !data.fork
  fork.disabled = Boolean(data.barred)
  fork.title = data.barred
  fork.onclick = () => { pause(); write(); trigger("fork", data.stops[index]) }
  find(".save").onclick = () => { pause(); savePicture(rows.map(row => row.pictures), data.saved, data.key, data.stops[index]) }
  root.onkeydown = event => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -last, End: last }
    if (event.key in moves) { pause(); go(index + moves[event.key]) }
    else if (event.key === " " && event.target.tagName !== "BUTTON") play()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  rows.forEach(row => row.load(paint))
  rows.forEach(row => row.redraw())
  paint()
  const guard = setInterval(write, 1000) // another control's answer may have written an older address meanwhile
  const stop = () => { pause(); clearTimeout(written); clearInterval(guard); watch.disconnect() }
  return { unit: data.unit, value: () => data.stops[index], moved: () => moved, stop }
}

// The stop to begin at: the one held, or the address bar's where it names one, or the server's.
function begin(data, held) {
  const asked = held ?? new URL(window.location.href).searchParams.get(data.key)
  const value = asked === null || asked.trim() === "" ? NaN : Number(asked)
  const values = data.stops.map(Number)
  if (!(value >= values[0] && value <= values[values.length - 1])) return data.index
  return nearest(values, value)
}

function nearest(values, value) {
  let best = 0
  values.forEach((other, index) => { if (Math.abs(other - value) < Math.abs(values[best] - value)) best = index })
  return best
}

function legend(box, data, many) {
  const views = many ? data.rows[0].views : []
  box.replaceChildren(...views.map((view, place) => {
    const item = make("span", { class: "term", tabindex: 0, "aria-description": view.hint })
    item.append(dash(view, place), view.name)
    return item
  }))
  if (many) box.append("curves: probability of the class asked")
}

function dash(view, place) {
  const mark = make("span", { class: "dash" })
  mark.style.borderTopColor = view.colour
  mark.style.borderTopStyle = BORDERS[place]
  return mark
}

// One row: its pictures, what the judges say of them, and its probability along the process.
function line(row, data, many, lowest, room) {
  const [height, width] = row.size
  const box = make("div", { class: "row" })
  const panels = row.views.map((view, place) => panel(view, place, width, height, many, room))
  const views = make("div", { class: "views" })
  views.append(...panels.map(panel => panel.box))
  const svg = shape("svg", { class: "chart", role: "img", "aria-label": `Probability of the class asked, ${row.name}` })
  const at = make("span", { class: "at" })
  const reached = make("span", { class: "reached" })
  if (many) {
    const head = make("div", { class: "head" })
    const name = make("b", {})
    name.textContent = row.name
    head.append(name, " ", at, " ", reached)
    box.append(head, views, svg)
  } else {
    const caption = make("div", { class: "caption" })
    caption.textContent = "probability of the class asked"
    box.append(views, caption, svg)
  }
  const margin = { left: many ? 30 : 40, right: 12, top: many ? 6 : 18, bottom: many && !lowest ? 6 : 40 }
  let bitmap = bitmaps.get(row.sheet) ?? null
  let wide = 100
  let now = null

  const across = place => margin.left + place * Math.max(10, wide - margin.left - margin.right)
  return {
    box, svg, pictures: panels.map(panel => panel.canvas),
    async load(then) {
      if (bitmap) return
      const sheet = new Image()
      sheet.src = row.sheet
      await sheet.decode()
      bitmap = await createImageBitmap(sheet)
      bitmaps.set(row.sheet, bitmap)
      if (bitmaps.size > KEPT) bitmaps.delete(bitmaps.keys().next().value)
      then()
    },
    redraw() {
      wide = svg.clientWidth
      now = chart(svg, row, data, across, margin, !many || lowest)
    },
    placeAt(x) {
      return (x - svg.getBoundingClientRect().left - margin.left) / Math.max(10, wide - margin.left - margin.right)
    },
    said: index => `${many ? `${row.name}: ` : ""}${answer(row.views[0], row.frame[index], false)}`,
    paint(index) {
      const frame = row.frame[index]
      panels.forEach((panel, place) => {
        if (bitmap) panel.brush.drawImage(bitmap, frame * width, place * height, width, height, 0, 0, width, height)
        panel.said.data = answer(row.views[place], frame, many)
      })
      at.textContent = row.where ? row.where[frame] : ""
      reached.textContent = many && row.point !== null && frame >= row.point ? "recognizable" : ""
      const x = across(row.place[frame]).toFixed(1)
      now.setAttribute("x1", x)
      now.setAttribute("x2", x)
    },
  }
}

function panel(view, place, width, height, many, room) {
  const most = many ? (room < 480 ? 56 : SMALL) : Math.min(LARGE[place], Math.max(112, (room - 24) / 2))
  const scale = Math.max(1, Math.floor(most / width))
  const box = make("div", { class: "view" })
  box.style.width = `${Math.max(width * scale, many ? most : Math.min(190, (room - 24) / 2))}px`
  const canvas = make("canvas", { width, height, role: "img", "aria-label": view.name })
  canvas.style.width = `${width * scale}px`
  canvas.style.height = `${height * scale}px`
  const said = make("div", { class: "said" })
  const text = document.createTextNode("")
  said.append(text)
  if (!many) {
    const name = make("div", { class: "name" })
    const term = make("span", { class: "term", tabindex: 0, "aria-description": view.hint })
    term.append(view.name)
    name.append(dash(view, place), term)
    box.append(name)
    said.style.whiteSpace = "normal"
  }
  box.append(canvas, said)
  return { box, canvas, brush: canvas.getContext("2d"), said: text }
}

function answer(view, frame, brief) {
  const chance = view.chance[frame]
  if (chance === null) return brief ? "" : "not judged"
  if (brief) return `${view.top[frame]}, ${chance.toFixed(2)}`
  return `${view.judge}: ${view.top[frame]} first; asked class ${chance.toFixed(2)}`
}

// Draws a row's curves; returns the line that moves.
function chart(svg, row, data, across, margin, named) {
  const height = svg.clientHeight
  const down = chance => margin.top + (1 - chance) * (height - margin.top - margin.bottom)
  const parts = []
  for (const chance of [0, 0.5, 1]) {
    parts.push(shape("line", { class: "grid", x1: across(0), x2: across(1), y1: down(chance), y2: down(chance) }))
    if (named || chance !== 0.5) parts.push(text(String(chance), margin.left - 8, down(chance) + 4, "end"))
  }
  if (named) {
    for (const tick of data.ticks) parts.push(text(tick.text, across(tick.place), down(0) + 17, "middle"))
    parts.push(text(data.axis, across(0.5), down(0) + 35, "middle"))
  }
  row.views.forEach((view, place) => {
    let path = ""
    view.chance.forEach((chance, frame) => {
      if (chance === null) return
      const gap = frame === 0 || view.chance[frame - 1] === null
      path += `${gap ? "M" : "L"}${across(row.place[frame]).toFixed(1)} ${down(chance).toFixed(1)}`
    })
    parts.push(shape("path", { class: "line", d: path, stroke: view.colour, "stroke-dasharray": DASHES[place] }))
  })
  const upright = (name, place) =>
    shape("line", { class: name, x1: across(place), x2: across(place), y1: down(1), y2: down(0) })
  const place = row.point === null ? null : row.place[row.point]
  const marks = [["source", row.source, data.said], ["point", place, "recognized"]].filter(([, at]) => at !== null)
  for (const [name, at] of marks) parts.push(upright(name, at))
  if (margin.top > 12) parts.push(...names(marks, across, svg.clientWidth, down(1) - 5))
  const now = shape("line", { class: "now", x1: 0, x2: 0, y1: down(1), y2: down(0) })
  svg.replaceChildren(...parts, now)
  return now
}

// The names of one upright line or two: at the right of each where there is room, never over the other's.
function names(marks, across, wide, above) {
  const lines = marks.map(([name, at, said]) => ({ name, said, x: across(at) })).sort((one, other) => one.x - other.x)
  const last = lines[lines.length - 1], gap = last?.x - lines[0]?.x
  const cramped = last?.x + WORD > wide, higher = cramped && lines.length > 1 && gap < WORD
  return lines.map(line => {
    const left = line === last ? cramped : gap < (cramped ? 2 : 1) * WORD
    const up = line === last && higher ? LINE : 0
    const word = text(line.said, line.x + (left ? -5 : 5), above - up, left ? "end" : "start")
    if (line.name === "point") word.setAttribute("class", "point")
    return word
  })
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
