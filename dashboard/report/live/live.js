// Draws with the network in this file. The table of coefficients lies in its graph: here nothing is computed but noise.
const stored = id => document.getElementById(id)
const plan = JSON.parse(stored("live-plan").textContent)
const said = text => { stored("live-said").textContent = text }
const painted = () => new Promise(next => setTimeout(next, 0))

const unzipped = bytes => new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer()

// What stands in a script as text, gzipped: five characters for four bytes; on a site, in a file of its own, which some
// hosts send unpacked
async function unpacked(id) {
  const { textContent: text, dataset } = stored(id)
  if (dataset.src) {
    const sent = await (await fetch(dataset.src)).arrayBuffer(), [first, second] = new Uint8Array(sent)
    return first === 0x1f && second === 0x8b ? unzipped(sent) : sent
  }
  const value = new Uint8Array(128), bytes = new Uint8Array(text.length / 5 * 4), view = new DataView(bytes.buffer)
  Array.from(stored("live-alphabet").textContent).forEach((letter, digit) => { value[letter.charCodeAt(0)] = digit })
  for (let from = 0, to = 0; from < text.length; from += 5, to += 4) {
    let word = 0
    for (let place = 0; place < 5; place++) word = word * 85 + value[text.charCodeAt(from + place)]
    view.setUint32(to, word)
  }
  return unzipped(bytes.subarray(0, Number(dataset.size)))
}

function run(text) {
  const script = document.createElement("script")
  script.textContent = text
  document.body.append(script)
}

async function charts() {
  run(await new Response(await unpacked("live-plotly")).text())
  run(stored("live-charts").textContent)
  for (const place of document.querySelectorAll("[data-figure]")) tables(place)
}

// The numbers of a chart, a table for each of its lines, made when it is opened
function tables(place) {
  const shown = document.createElement("details"), name = document.createElement("summary")
  name.textContent = "Table of this chart"
  shown.append(name)
  place.parentElement.after(shown)
  shown.addEventListener("toggle", () => {
    if (shown.children.length > 1) return
    const { data, layout } = figures[Number(place.dataset.figure)]
    const title = axis => layout[axis.replace(/^[xy]/, "$&axis")]?.title?.text || axis[0]
    for (const line of data.filter(each => each.x?.length && (each.name || each.hoverinfo !== "skip"))) {
      const held = document.createElement("div"), table = document.createElement("table")
      const [names, ...rows] = numbers(line, title(line.xaxis ?? "x"), title(line.yaxis ?? "y"))
      held.className = "live-table"
      held.tabIndex = 0
      table.createCaption().textContent = words(line.name ?? "") + (line.opacity < 1 ? ", faint" : "")
      const heads = table.createTHead().insertRow(), body = table.createTBody()
      for (const name of names) {
        const head = document.createElement("th")
        Object.assign(head, { scope: "col", textContent: words(name) })
        heads.append(head)
      }
      for (const row of rows) {
        const cells = body.insertRow()
        for (const value of row) cells.insertCell().textContent = typeof value === "string" ? words(value) : value ?? ""
      }
      held.append(table)
      shown.append(held)
    }
  })
}

// The head and the rows of a line, or of a map: what is said of each point where that says all, as in panels that share
// one pair of axes, else where the point is
function numbers({ x, y, z, text, hoverinfo, hovertemplate = "" }, across, up) {
  const said = Array.isArray(text) ? text : null
  if (said && (hoverinfo === "text" || hovertemplate.startsWith("%{text}"))) return [["value"], ...[...new Set(said)].filter(Boolean).map(each => [each])]
  if (z) return [[across, up, "value"], ...z.flatMap((row, down) => row.map((value, along) => [x[along], y[down], value]))]
  const rows = x.map((along, at) => said ? [along, y[at], said[at]] : [along, y[at]]).filter(row => row[0] != null)
  return [said ? [across, up, "label"] : [across, up], ...rows]
}

// Text as plotly shows it, which understands a little HTML
function words(text) {
  return new DOMParser().parseFromString(text.replaceAll("<br>", " "), "text/html").documentElement.textContent
}

let opened = null
function network() {
  opened ??= open().catch(error => { opened = null; throw error })
  return opened
}

async function open() {
  said("The network is unpacked, once.")
  await painted()
  const address = URL.createObjectURL(new Blob([await unpacked("live-module")], { type: "text/javascript" }))
  const ort = await import(address)
  URL.revokeObjectURL(address)
  Object.assign(ort.env.wasm, { numThreads: 1, proxy: false, wasmBinary: await unpacked("live-runtime") })
  const options = { executionProviders: ["wasm"], extra: { session: { set_denormal_as_zero: "1" } } }
  const session = await ort.InferenceSession.create(new Uint8Array(await unpacked("live-graph")), options)
  return { ort, session }
}

let frames = [], told = {} // what was drawn, and of what

// All steps in one call of the graph, or, for who watches, one in each
async function draw(label, seed, guidance, watched) {
  const { ort, session } = await network(), { shape, steps, fresh, past } = plan
  const size = [1, ...shape], count = shape.reduce((all, each) => all * each, 1), together = watched ? 1 : steps
  const floats = (values, dims) => new ort.Tensor("float32", values, dims)
  const whole = (value, dims) => new ort.Tensor("int64", BigInt64Array.of(BigInt(value)), dims)
  const noise = new Noise(seed, count, plan.log1p)
  const feeds = {
    state: floats(noise.draw(), size), class: whole(label, [1]), scale: floats(Float32Array.of(guidance), [1]),
    past: floats(new Float32Array(past * count), [past, ...size]), count: whole(together, []),
  }
  frames = []
  told = { class: plan.classes[label], seed: String(seed), guidance: String(guidance) }
  said("It draws.")
  await painted()
  const began = performance.now()
  for (let first = 0; first < steps; first += together) {
    const added = new Float32Array(together * count)
    for (let step = 0; step < together; step++) if (fresh[first + step]) added.set(noise.draw(), step * count)
    Object.assign(feeds, { first: whole(first, []), fresh: floats(added, [together, ...size]) })
    const given = session.inputNames.map(name => [name, feeds[name.replace("drawing.", "")]])
    const made = await session.run(Object.fromEntries(given))
    const { next, kept, image, noisy, sum } = Object.fromEntries(session.outputNames.map(name => [name.replace("drawing.", ""), made[name]]))
    if (!sum.data.every(Number.isFinite)) throw new Error("The picture came out as not a number; ask for less guidance.")
    Object.assign(feeds, { state: next, past: kept })
    for (let step = 0; step < together; step++) {
      const bytes = frame => frame.data.subarray(step * count, (step + 1) * count)
      frames.push({ picture: bytes(image), noisy: bytes(noisy) })
    }
    said(`Step ${frames.length} of ${steps}`)
    show(frames.length - 1)
    if (watched) await painted()
  }
  said(`${plan.classes[label]}, seed ${seed}, guidance ${guidance}: drawn in ${Math.round(performance.now() - began)} ms.`)
}

// A step of what was drawn, on both canvases
function show(step) {
  const [channels, height, width] = plan.shape
  for (const name of ["picture", "noisy"]) {
    const canvas = stored(`live-${name}`), pixels = new ImageData(width, height), bytes = frames[step][name]
    Object.assign(canvas, { width, height })
    for (let at = 0; at < width * height; at++) {
      for (let part = 0; part < 3; part++) pixels.data[4 * at + part] = bytes[channels * at + (channels === 3 ? part : 0)]
      pixels.data[4 * at + 3] = 255
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0)
  }
  stored("live-shown").hidden = false
  Object.assign(stored("live-step"), { max: plan.steps - 1, value: step })
  stored("live-at").textContent = `${step + 1} of ${plan.steps}`
}

// What is asked for, or the sentence that says why it is none
function asked() {
  const text = stored("live-seed").value.trim(), guidance = Number(stored("live-guidance").value)
  const [low, , high] = plan.guidance
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 1n << 63n) throw new Error("A seed is a whole number from 0 to 2^63 - 1.")
  if (!(guidance >= low && guidance <= high)) throw new Error(`Guidance is a number from ${low} to ${high}.`)
  return [Number(stored("live-class").value), BigInt(text), guidance, Boolean(stored("live-watched")?.checked)]
}

async function pressed(event) {
  event.preventDefault()
  const section = stored("live")
  if (section.dataset.state === "draws") return
  section.dataset.state = "draws"
  try {
    const request = asked()
    for (const [place, name] of ["class", "seed", "guidance"].entries()) stored(`live-command-${name}`).textContent = request[place]
    await draw(...request)
    section.dataset.state = "drawn"
  } catch (error) {
    said(error.message)
    section.dataset.state = "failed"
  }
}

// Both canvases, which say what they are of
function save() {
  const words = Object.entries(told).map(([name, value]) => `-${name}-${value.replace(/[^A-Za-z0-9]+/g, "_")}`).join("")
  const saved = { name: plan.saved.name + words, says: { ...plan.saved.says, ...told } }
  savePicture([[stored("live-noisy"), stored("live-picture")]], saved, "step", String(Number(stored("live-step").value) + 1))
}

async function play() {
  for (let step = 0; step < frames.length; step++) {
    show(step)
    await new Promise(next => setTimeout(next, Math.max(40, 1500 / frames.length)))
  }
}

if (typeof DecompressionStream === "undefined" || typeof WebAssembly === "undefined") {
  stored("live-still").textContent = "This browser is too old for the charts and the drawing (it lacks DecompressionStream or WebAssembly); the still report is here."
} else {
  stored("live-still").remove()
  stored("live-form").hidden = false
  stored("live-form").addEventListener("submit", pressed)
  stored("live-step").addEventListener("input", event => frames.length > Number(event.target.value) && show(Number(event.target.value)))
  stored("live-play").addEventListener("click", play)
  stored("live-save").addEventListener("click", save)
  if (stored("live-charts")) charts().catch(error => said(error.message))
}
