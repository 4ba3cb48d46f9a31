// Gives the browser's Back one step for each act of the reader, another page or a change of a control: what a page adds
// to its address as it opens is none. Keys pressed in one place within a moment are one act.
(() => {
  const MOMENT = 1000 // milliseconds
  let acted = false, key = {}
  addEventListener("pointerdown", () => { acted = true }, true)
  addEventListener("popstate", () => { acted = false }, true)
  addEventListener("keydown", ({ target, timeStamp }) => {
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
