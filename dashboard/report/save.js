// Each picture of a file has a link that saves it under its own name; what it is of stands in it.
function offerPictures() {
  for (const image of document.querySelectorAll("img[data-file]")) {
    const link = document.createElement("a")
    Object.assign(link, { href: image.src, download: image.dataset.file, textContent: "PNG", className: "save" })
    link.setAttribute("aria-label", `Save as PNG: ${image.alt}`)
    const place = image.closest(".scroll, .picture") ?? image
    place.after(link)
  }
}
