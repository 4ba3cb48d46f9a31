// The switch that has the browser say when a training has ended. Permission is asked for when it is pressed, never else.
const KEY = "firstlight-announcements" // in the browser's memory: "on" where it was switched on
const HOW = {
  "": "",
  notification: "While this page is open, also behind others.",
  toast: "As a line in this page: the browser shows no notifications of it.",
}
let unable = false // a browser that has notifications and lets no page make one

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const button = parentElement.querySelector(".switch")
  const how = parentElement.querySelector(".how")

  function show() {
    button.setAttribute("aria-pressed", String(way() !== ""))
    how.textContent = HOW[data.way === way() ? way() : ""] // once the server looks out for it
    if (way() !== data.way) setStateValue("way", way())
  }

  button.onclick = async () => {
    keep(way() === "" ? "on" : "")
    if (way() === "toast" && window.Notification?.permission === "default") await Notification.requestPermission()
    show()
  }

  for (const [number, title, body, address] of data.said) {
    if (number <= (window.firstlightSaid ?? 0)) continue
    window.firstlightSaid = number
    if (way() === "notification") notify(title, body, address)
  }
  show()
}

function way() {
  if (kept() !== "on") return ""
  return !unable && window.Notification?.permission === "granted" ? "notification" : "toast"
}

function notify(title, body, address) {
  try {
    const said = new Notification(title, { body, tag: address })
    said.onclick = () => { window.focus(); said.close(); window.location.assign(address) }
  } catch {
    unable = true
  }
}

function kept() {
  try { return localStorage.getItem(KEY) ?? window.firstlightSwitch } catch { return window.firstlightSwitch }
}

function keep(value) {
  window.firstlightSwitch = value
  try { localStorage.setItem(KEY, value) } catch { /* it holds until the page is loaded anew */ }
}
