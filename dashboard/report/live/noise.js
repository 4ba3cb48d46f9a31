// The noise of a seed, bit for bit as numpy makes it: Philox4x64-10 (Salmon et al., 2011), whose 32-bit halves a ziggurat
// of 256 layers (Marsaglia & Tsang, 2000) turns into standard normal float32. Seeded as sampler/noise.py does.
const WORD = (1n << 64n) - 1n
const TAIL = 3.654152885361009, LAYER = 0.004928673233974655 // where the lowest layer's tail begins; the area of each

// Layer i: a whole number below `sure` lies inside it, `width` scales such a number, `height` is the density at its edge
const ziggurat = (() => {
  const density = x => Math.exp(-x * x / 2)
  const edge = new Float64Array(257)
  edge[256] = LAYER / density(TAIL)
  edge[255] = TAIL
  for (let i = 254; i > 0; i--) edge[i] = Math.sqrt(-2 * Math.log(LAYER / edge[i + 1] + density(edge[i + 1])))
  const width = Float32Array.from({ length: 256 }, (_, i) => (i ? edge[i] : edge[256]) / 2 ** 23)
  const height = Float32Array.from({ length: 256 }, (_, i) => density(edge[i]))
  const sure = Uint32Array.from({ length: 256 }, (_, i) => Math.round((i ? edge[i - 1] / edge[i] : TAIL / edge[256]) * 2 ** 23))
  return { width, height, sure }
})()

// log(1 + x) for -1 < x <= 0 in float32. Mathematical libraries differ in the last bit: newer ones round it right, those
// before follow Sun's fdlibm, operation by operation; numpy calls whichever its machine has.
const log1p = { right: x => Math.fround(Math.log1p(x)), fdlibm: fdlibmLog1p }

function fdlibmLog1p(x) {
  const f32 = Math.fround, LOW = f32(9.0580006145e-06), HIGH = f32(6.9313812256e-01)
  const terms = [1.4798198640e-01, 1.5313838422e-01, 1.8183572590e-01, 2.2222198546e-01, 2.8571429849e-01,
    4.0000000596e-01, 6.6666668653e-01].map(f32)
  let k = 0, f = x, rest = 0, near = false
  if (x === 0) return x
  if (x < -0.2928933799266815) {
    let u = f32(1 + x)
    rest = f32(f32(x - f32(u - 1)) / u)
    while (u < 1) [u, k] = [u * 2, k - 1]
    if (u >= f32(1.4142136574)) [u, k] = [u / 2, k + 1]
    f = f32(u - 1)
    near = Math.abs(f) < 2 ** -21
  }
  const half = f32(f32(0.5 * f) * f), low = f32(f32(k * LOW) + rest), high = f32(k * HIGH)
  if (f === 0) return f32(high + low)
  if (near) return f32(high - f32(f32(f32(half * f32(1 - f32(f32(2 / 3) * f))) - low) - f))
  const s = f32(f / f32(2 + f)), z = f32(s * s)
  const sum = terms.reduce((held, term) => f32(term + f32(z * held)), 0)
  const last = f32(s * f32(half + f32(z * sum)))
  return k ? f32(high - f32(f32(half - f32(last + low)) - f)) : f32(f - f32(half - last))
}

class Noise {
  // seed: BigInt from 0 to 2^63 - 1; count: numbers in a picture; log: which of log1p the machine has that is followed
  constructor(seed, count, log) {
    this.seed = seed
    this.count = count
    this.log1p = log1p[log]
    this.counter = 0n
    this.words = []
    this.half = null
  }

  // The next block of four words
  block() {
    this.counter += 1n
    let [a, b, c, d] = [this.counter, 0n, 0n, 0n], [k, l] = [this.seed, 0n]
    for (let round = 0; round < 10; round++) {
      const one = 0xD2E7470EE14C6C93n * a, two = 0xCA5A826395121157n * c;
      [a, b, c, d] = [(two >> 64n) ^ b ^ k, two & WORD, (one >> 64n) ^ d ^ l, one & WORD]
      k = (k + 0x9E3779B97F4A7C15n) & WORD
      l = (l + 0xBB67AE8584CAA73Bn) & WORD
    }
    this.words = [a, b, c, d]
  }

  // 32 bits: a word's low half, then its high one
  bits() {
    if (this.half !== null) {
      const high = this.half
      this.half = null
      return high
    }
    if (!this.words.length) this.block()
    const word = this.words.shift()
    this.half = Number(word >> 32n)
    return Number(word & 0xFFFFFFFFn)
  }

  // From 0 to below 1, exact in float32
  share() {
    return (this.bits() >>> 8) / 2 ** 24
  }

  // One standard normal number, a float32
  normal() {
    for (;;) {
      const bits = this.bits(), layer = bits & 0xFF, whole = bits >>> 9
      const size = Math.fround(whole * ziggurat.width[layer]), x = bits & 0x100 ? -size : size
      if (whole < ziggurat.sure[layer]) return x
      if (layer === 0) {
        const inverse = Math.fround(1 / TAIL), tail = Math.fround(TAIL)
        for (;;) {
          const further = Math.fround(-inverse * this.log1p(-this.share()))
          const chance = -this.log1p(-this.share())
          if (Math.fround(chance + chance) > Math.fround(further * further)) {
            const beyond = Math.fround(tail + further)
            return whole & 0x100 ? -beyond : beyond
          }
        }
      }
      const { height } = ziggurat, step = Math.fround(height[layer - 1] - height[layer])
      if (Math.fround(Math.fround(step * this.share()) + height[layer]) < Math.exp(-0.5 * x * x)) return x
    }
  }

  // The next noise of a picture, Float32Array
  draw() {
    return Float32Array.from({ length: this.count }, () => this.normal())
  }
}
