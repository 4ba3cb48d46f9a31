// A canvas for mouse, finger and pen. Strokes stay here; at the end of each the server is asked for a direct answer,
// and the page is told what was drawn once that answer is seen, or is not to be had.
const STROKE = 0.086 // width of a stroke, of the canvas's side: two and a half pixels of MNIST's twenty, where it is filled
const QUIET = 400 // milliseconds without a stroke before the server is asked for more
const PATIENCE = 1000 // milliseconds that the page waits for a direct answer before it is told
const REST = 250 // milliseconds after a stroke that has its direct answer: who draws on by then need not tell the page
const boards = new WeakMap()

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component
  const root = parentElement.querySelector(".desk")
  if (!root || !data) return
  if (boards.get(parentElement)?.root !== root) boards.set(parentElement, make(root))
  const board = boards.get(parentElement)
  board.take(data, setStateValue, setTriggerValue)
  return () => board.rest()
}

function make(root) {
  const sheet = root.querySelector(".sheet")
  const brush = sheet.getContext("2d", { willReadFrequently: true })
  const [undo, clear, frame, came] = [".undo", ".clear", ".back", ".came"].map(name => root.querySelector(name))
  const width = sheet.width
  let data = null, tell = null, ask = null
  let base = null // the picture below the strokes
  let strokes = [] // each a list of places
  let before = [] // what undo goes back to: base and strokes
  let open = null // the stroke that is being drawn, and its pointer
  let last = 0 // when a stroke ended
  let timer = null
  let asked = ""
  let turn = 0 // of the drawing that was ended last: what belongs to an earlier one comes too late
  let pending = null // what ends the question that is open

  function paint() {
    brush.fillStyle = "#000"
    brush.fillRect(0, 0, width, width)
    if (base) brush.drawImage(base, 0, 0, width, width)
    brush.strokeStyle = brush.fillStyle = "#fff"
    brush.lineWidth = STROKE * width
    brush.lineCap = brush.lineJoin = "round"
    for (const places of strokes) line(places)
    undo.disabled = !before.length
    clear.disabled = !base && !strokes.length
  }

  function line(places) {
    brush.beginPath()
    brush.moveTo(...places[0])
    for (const place of places) brush.lineTo(...place)
    brush.stroke()
  }

  function place(event) {
    const box = sheet.getBoundingClientRect()
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * width]
  }

  function keep() {
    before.push([base, strokes])
    strokes = [...strokes]
  }

  async function send() {
    last = performance.now()
    clearTimeout(timer)
    pending?.abort()
    const empty = !base && !strokes.length
    const drawing = { begun: data.begun, sent: empty ? "" : greys(), turn: ++turn }
    if (empty) show(null)
    else if (data.direct && await answered(drawing)) await moment(last + REST - performance.now())
    if (current(drawing) && !open) tell("drawing", drawing) // while one draws on, nothing moves; the next stroke tells
  }

  function current(drawing) {
    return drawing.turn === turn && drawing.begun === data.begun
  }

  async function answered(drawing) {
    const stop = new AbortController(), late = setTimeout(() => stop.abort(), PATIENCE)
    pending = stop
    try {
      const said = await fetch(data.direct.address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token: data.direct.token, said: drawing.sent }),
        signal: stop.signal,
      })
      const found = said.ok ? await said.json() : null
      if (found && current(drawing)) await show(found)
      return Boolean(found)
    } catch { // the page answers
      return false
    } finally {
      clearTimeout(late)
    }
  }

  async function show(back) {
    frame.hidden = !back
    if (!back) return came.removeAttribute("src")
    came.alt = back.alt
    if (came.src === back.picture) return
    came.src = back.picture
    await came.decode().catch(() => {})
    await painted()
  }

  function greys() {
    const small = document.createElement("canvas")
    small.width = small.height = data.side
    const pen = small.getContext("2d", { willReadFrequently: true })
    pen.imageSmoothingQuality = "high"
    pen.drawImage(sheet, 0, 0, data.side, data.side)
    const colours = pen.getImageData(0, 0, data.side, data.side).data
    const grey = new Uint8Array(data.side * data.side)
    for (let at = 0; at < grey.length; at++) grey[at] = colours[4 * at]
    let text = ""
    for (let at = 0; at < grey.length; at += 8192) text += String.fromCharCode(...grey.subarray(at, at + 8192))
    return btoa(text)
  }

  function end(event) {
    if (!open || event.pointerId !== open.pointer) return
    open = null
    send()
  }

  sheet.onpointerdown = event => {
    if (open || event.button > 0) return
    sheet.setPointerCapture(event.pointerId)
    clearTimeout(timer)
    keep()
    open = { pointer: event.pointerId, places: [place(event)] }
    strokes.push(open.places)
    paint()
  }
  sheet.onpointermove = event => {
    if (!open || event.pointerId !== open.pointer) return
    const all = event.getCoalescedEvents?.() ?? []
    for (const each of all.length ? all : [event]) open.places.push(place(each))
    paint()
  }
  sheet.onpointerup = sheet.onpointercancel = end
  undo.onclick = () => {
    [base, strokes] = before.pop()
    paint()
    send()
  }
  clear.onclick = () => {
    keep()
    base = null
    strokes = []
    paint()
    send()
  }

  function more() {
    clearTimeout(timer)
    if (!data.more || data.more === asked) return
    timer = setTimeout(() => {
      if (open) return
      asked = data.more
      ask("more", data.more)
    }, Math.max(0, last ? QUIET - (performance.now() - last) : 0))
  }

  return {
    root,
    take(next, setState, setTrigger) {
      const anew = !data || data.begun !== next.begun
      const again = !data && next.kept
      data = next
      tell = setState
      ask = setTrigger
      if (anew) {
        base = again ? picture(next.kept, next.side) : next.start ? picture(next.start, next.size) : null
        strokes = []
        before = []
        turn = data.turn
        pending?.abort()
        paint()
      }
      if (data.turn < turn) return // the page has yet to be told
      show(data.back)
      more()
    },
    rest() { clearTimeout(timer) },
  }
}

// Until what was changed is seen; where nobody looks, a moment.
function painted() {
  const frame = new Promise(done => requestAnimationFrame(() => setTimeout(done)))
  return Promise.race([frame, moment(100)])
}

function moment(milliseconds) {
  return new Promise(done => setTimeout(done, milliseconds))
}

// A canvas of grey values in base64, `size` along each side.
function picture(text, size) {
  const grey = atob(text)
  const pixels = new ImageData(size, size)
  for (let at = 0; at < size * size; at++) {
    pixels.data.fill(grey.charCodeAt(at), 4 * at, 4 * at + 3)
    pixels.data[4 * at + 3] = 255
  }
  const canvas = document.createElement("canvas")
  canvas.width = canvas.height = size
  canvas.getContext("2d").putImageData(pixels, 0, 0)
  return canvas
}
