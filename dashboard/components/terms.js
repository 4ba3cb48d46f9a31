// A term that stands on a page many times is a stop for the Tab key once, where it is first seen; the others still say
// what they mean to whoever points at them or taps on them.
const WORDS = 50 // milliseconds after a change of the page until its terms are looked at

function stopOnce() {
  if (window.firstlightTerms) return
  window.firstlightTerms = true
  let due = null
  const look = () => {
    due = null
    const all = [...document.querySelectorAll(".term")], seen = all.filter(each => each.checkVisibility())
    const said = new Set()
    for (const each of new Set([...seen, ...all])) { // what is folded away comes last
      const means = each.getAttribute("aria-description")
      each.tabIndex = said.has(means) ? -1 : 0
      said.add(means)
    }
  }
  const changes = { childList: true, subtree: true, attributeFilter: ["open"] }
  new MutationObserver(() => { due ??= setTimeout(look, WORDS) }).observe(document.body, changes)
  look()
}
