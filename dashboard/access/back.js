// Gives the browser's Back one step for each act of the reader, another page or a change of a control: what a page adds
// to its address as it opens is none. Keys pressed in one place within a moment are one act; a press on nothing, or a key
// that only closes or moves on, is none.
(() => {
  const MOMENT = 1000 // milliseconds
  const NONE = new Set(["Escape", "Tab", "Shift", "Control", "Alt", "Meta"])
  let acted = false, key = {}
  addEventListener("pointerdown", event => {
    const [on] = event.composedPath() // what can be pressed has a cursor of its own, save these
    acted ||= getComputedStyle(on).cursor !== "auto" || on.matches("canvas, [data-testid=stSlider] *")
  }, true)
  addEventListener("popstate", () => { acted = false }, true)
  addEventListener("keydown", ({ key: name, target, timeStamp }) => {
    if (NONE.has(name)) return
    acted ||= key.target !== target || timeStamp - key.timeStamp > MOMENT
    key = { target, timeStamp }
  }, true)
  const ways = { true: history.pushState.bind(history), false: history.replaceState.bind(history) }
  history.pushState = history.replaceState = (state, title, address) => {
    const step = acted && new URL(address ?? location, location).href !== location.href
    if (step) acted = false
    ways[step](state, title, address)
  }
})()
