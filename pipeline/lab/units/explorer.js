"use strict";
// Colours the text by the unit that is chosen. Text is only ever set as text.
const data = JSON.parse(document.getElementById("data").textContent);
const packed = atob(data.levels);
const count = data.characters.length;
const byId = (id) => document.getElementById(id);
const unitList = byId("unit");
const predicateList = byId("predicate");

const text = byId("text");
text.textContent = "";
const spans = data.characters.map((character) => {
  const span = document.createElement("span");
  span.textContent = character === "\n" ? "\u21b5\n" : character;
  text.append(span);
  return span;
});

function option(value, label) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = label;
  return made;
}

function group(label, options) {
  const made = document.createElement("optgroup");
  made.label = label;
  made.append(...options);
  return made;
}

// Value: the unit, and behind a comma the predicate that is to be underlined with it.
unitList.append(
  group("best for a rule", data.predicates.map((predicate, number) =>
    option(`${predicate.unit},${number}`,
      `${predicate.name}: ${data.units[predicate.unit].name}, AUC ${predicate.area}`))),
  group("all", data.units.map((unit, number) => option(`${number},${unit.predicate}`, unit.name))),
);
predicateList.append(option("-1", "nothing"));
data.predicates.forEach((predicate, number) => predicateList.append(option(number, predicate.title)));

function underline() {
  const chosen = data.predicates[Number(predicateList.value)];
  spans.forEach((span, place) => {
    span.classList.toggle("marked", chosen !== undefined && chosen.holds[place] === "1");
  });
}

function colour() {
  const [number, predicateNumber] = unitList.value.split(",").map(Number);
  const unit = data.units[number];
  spans.forEach((span, place) => {
    const level = packed.charCodeAt(number * count + place);
    span.className = level === 255 ? "" : `level-${level}`;
  });
  const best = data.predicates[predicateNumber];
  byId("told").textContent = best.unit === number
    ? `Of all units, ${unit.name} tells “${best.name}” best: AUC ${best.area}. The rule: ${best.rule}.`
    : `Of all rules, ${unit.name} tells “${best.name}” best: AUC ${unit.area}.`;
  byId("low").textContent = `${unit.scale} below its mean of ${unit.mean}`;
  byId("high").textContent = `${unit.scale} above`;
  predicateList.value = String(predicateNumber);
  underline();
}

function move(steps) {
  const options = unitList.options.length;
  unitList.selectedIndex = (unitList.selectedIndex + steps + options) % options;
  colour();
}

unitList.addEventListener("change", colour);
predicateList.addEventListener("change", underline);
byId("before").addEventListener("click", () => move(-1));
byId("next").addEventListener("click", () => move(1));
byId("controls").hidden = false;
colour();
