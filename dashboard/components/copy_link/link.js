// Copies the address of the view. What is chosen by default stands in the link too: defaults change, links stay.
// It tells the server whether the screen is narrow, where that drew the page for another one.
// Keeps the zoom of charts (kept_zoom/zoom.js), has their files say what they are of (signed.js) and lets the Tab key stop
// once at each term (terms.js).
const SAID = 1500 // milliseconds
const NARROW = matchMedia("(max-width: 640px)") // as in style.css
let sent = null // what the server was told, until it draws so

export default function (component) {
  keepZoom()
  signCharts()
  stopOnce()
  const { data, parentElement, setStateValue } = component
  const width = () => {
    if (NARROW.matches === data.narrow) sent = null
    else if (NARROW.matches !== sent) setStateValue("narrow", (sent = NARROW.matches))
  }
  width()
  NARROW.onchange = width
  parentElement.querySelector(".link").dataset.narrow = data.narrow
  const button = parentElement.querySelector(".link")
  const told = parentElement.querySelector(".told")
  button.onclick = async () => {
    const address = new URL(window.location.href)
    for (const [key, value] of Object.entries(data.chosen)) {
      if (!address.searchParams.has(key)) address.searchParams.set(key, value)
    }
    const done = await copied(address.href)
    button.textContent = done ? "Copied" : "Not copied"
    told.textContent = done ? "The link is copied." : "The browser did not let the link be copied."
    setTimeout(() => { button.textContent = "Copy link"; told.textContent = "" }, SAID)
  }
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch { // an address without TLS that is not this machine's has no clipboard
    const field = document.createElement("textarea")
    field.value = text
    field.style.position = "fixed"
    document.body.append(field)
    field.select()
    const done = document.execCommand("copy")
    field.remove()
    return done
  }
}
