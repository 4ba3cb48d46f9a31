"""What a narrow screen asks of a page, looked at in the browser that shows it."""

from typing import Any

QUIET = """() => document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"""
TARGETS = (
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab], [role=slider], "
    "[role=radio], [role=checkbox], .legendtoggle, .modebar-btn"
)
SCROLLS = "pre, [role=tablist], [data-testid=stDataFrame], [data-testid=stSidebar]"  # these may, in frames of their own
HIDDEN = "[aria-hidden=true], [inert], [data-testid=stSkipToContent]"
FAULTS = """([targets, scrolls, hidden, least, letters]) => {
  const all = (root, what) => [...root.querySelectorAll(what),
    ...[...root.querySelectorAll('*')].flatMap(each => each.shadowRoot ? all(each.shadowRoot, what) : [])]
  const seen = each => each.checkVisibility({ visibilityProperty: true }) && each.getBoundingClientRect().width > 0
  const said = each => {
    const name = (each.getAttribute('aria-label') || each.textContent || each.getAttribute('value') || '').trim()
    const place = each.closest('[class*=st-key-], [data-testid]')
    return `${each.tagName} ${each.getAttribute('class') || each.getAttribute('role') || ''} "${name.slice(0, 40)}"`
      + ` in ${place?.dataset.testid ?? ''} ${/st-key-[\\w-]+/.exec(place?.className)?.[0] ?? ''}`
  }
  const faults = []
  const frames = [document.documentElement, document.querySelector('[data-testid=stMain]')].filter(Boolean)
  for (const { scrollWidth } of frames) if (scrollWidth > innerWidth) faults.push(`the page is ${scrollWidth} px wide`)
  for (const each of all(document, '*')) {
    if (each.scrollWidth <= each.clientWidth + 1 || !each.clientWidth || each.closest(scrolls) || !seen(each)) continue
    if (!/auto|scroll/.test(getComputedStyle(each).overflowX)) continue
    faults.push(`${each.scrollWidth} px in a frame: ${said(each)}`)
  }
  for (const each of all(document, 'svg text')) {
    const form = each.getScreenCTM(), size = parseFloat(getComputedStyle(each).fontSize)
    if (!each.textContent.trim() || !form || !seen(each)) continue
    const shown = size * Math.hypot(form.a, form.b)
    if (shown < letters - 0.01) faults.push(`letters of ${shown.toFixed(1)} px: ${said(each)}`)
    const { left, right } = each.getBoundingClientRect()
    if (right > innerWidth + 1 && left < innerWidth) faults.push(`"${each.textContent}" runs off the screen`)
  }
  for (const chart of all(document, 'svg').filter(each => !each.parentElement.closest('svg'))) {
    const aslant = ({ a, b }) => Math.min(Math.abs(a), Math.abs(b)) > 0.01 // whose box says little of where it stands
    const words = [...chart.querySelectorAll('text:not(.textpoint text)')]
      .filter(each => seen(each) && !aslant(each.getScreenCTM()))
    const boxes = words.map(each => each.getBoundingClientRect())
    words.forEach((each, one) => words.slice(0, one).forEach((other, place) => {
      const [mine, its] = [boxes[one], boxes[place]]
      const wide = Math.min(mine.right, its.right) - Math.max(mine.left, its.left)
      const high = Math.min(mine.bottom, its.bottom) - Math.max(mine.top, its.top)
      if (wide > 4 && high > 4) faults.push(`"${other.textContent}" is written over "${each.textContent}"`)
    }))
  }
  const thumb = each => each.matches('[data-testid=stSlider] input') && each.parentElement.parentElement
  const label = each => each.matches('[type=checkbox], [type=radio], [type=file]') && each.closest('label')
  const room = each => thumb(each) || label(each) || each
  for (const each of all(document, targets)) {
    if (!seen(each) || each.disabled || each.closest(hidden)) continue
    const inSentence = each.matches('a') && getComputedStyle(each).display === 'inline'
      && each.parentElement.textContent.trim().length > each.textContent.trim().length
    const { width, height, right } = room(each).getBoundingClientRect()
    if (!inSentence && right > 0 && Math.min(width, height) < least - 0.5) {
      faults.push(`a target of ${width.toFixed(0)} x ${height.toFixed(0)} px: ${said(each)}`)
    }
  }
  return [...new Set(faults)]
}"""
LETTERS, TARGET = 11, 24  # pixels, at the least: see docs/look.md


def faults(page: Any, *widths: int) -> list[str]:
    """Make a page of the dashboard so narrow, wait until the server has drawn it so, and tell what is wrong with it."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.locator(".link[data-narrow=true]").wait_for()
        page.wait_for_function(QUIET)
        page.wait_for_timeout(300)  # charts take their new width a moment later
        found += [f"{fault}, at {width} px" for fault in looked_at(page)]
    return found


def looked_at(page: Any) -> list[str]:
    """What is wrong with a page as it stands: its width, frames that scroll sideways, small letters, letters of a chart
    over others, small targets."""
    return list(page.evaluate(FAULTS, [TARGETS, SCROLLS, HIDDEN, TARGET, LETTERS]))
