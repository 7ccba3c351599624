// A place to drop a file on, which is a usual file field as well.

import { el, labelled } from "./dom.js";

/** `chosen(file)` is called for each file; `accept` as in HTML. */
export function dropPlace(key, accept, chosen) {
  const field = el("input", { type: "file", accept });
  const place = labelled(key, field);
  place.classList.add("drop");
  field.addEventListener("change", () => field.files.length && chosen(field.files[0]));
  const over = (inside) => (event) => {
    event.preventDefault();
    place.classList.toggle("over", inside);
  };
  place.addEventListener("dragover", over(true));
  place.addEventListener("dragleave", over(false));
  place.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) chosen(event.dataTransfer.files[0]);
  });
  return place;
}
