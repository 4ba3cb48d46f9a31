// Saves the pictures of a step, of a trajectory or of what a file draws by itself, as one PNG, whose name and file say
// what it is of, as sampler/origin.py has it.
const LEAST = 168 // pixels of a picture at the least
const GAP = 2
const HEADER = 33 // bytes of a PNG before which nothing may stand

async function savePicture(rows, saved, key, value) {
  const [width, height] = ["width", "height"].map(side => Math.max(...rows.flat().map(each => each[side])))
  const scale = Math.max(1, Math.ceil(LEAST / width))
  const [across, down] = [width * scale + GAP, height * scale + GAP]
  const size = { width: across * rows[0].length - GAP, height: down * rows.length - GAP }
  const sheet = Object.assign(document.createElement("canvas"), size)
  const brush = sheet.getContext("2d")
  brush.imageSmoothingEnabled = false
  rows.forEach((row, y) => row.forEach((each, x) =>
    brush.drawImage(each, x * across, y * down, each.width * scale, each.height * scale)))
  const drawn = await new Promise(done => sheet.toBlob(done, "image/png"))
  const chunks = Object.entries({ ...saved.says, [key]: value }).map(([name, text]) => chunk(name, text))
  const signed = new Blob([drawn.slice(0, HEADER), ...chunks, drawn.slice(HEADER)], { type: drawn.type })
  const file = { href: URL.createObjectURL(signed), download: `${saved.name}-${key}-${value.replace(".", "_")}.png` }
  const link = Object.assign(document.createElement("a"), file)
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

// A text chunk of a PNG, in UTF-8.
function chunk(name, text) {
  const body = new TextEncoder().encode(`iTXt${name}\0\0\0\0\0${text}`)
  const bytes = new Uint8Array(body.length + 8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, body.length - 4)
  bytes.set(body, 4)
  view.setUint32(body.length + 4, checksum(body))
  return bytes
}

function checksum(bytes) {
  let value = -1
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
  }
  return ~value >>> 0
}
