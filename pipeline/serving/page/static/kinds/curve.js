// A curve of numbers over time: what was, what is forecast, the naive line, what came.

import { el, svg } from "../dom.js";

const HEIGHT = 260;
const LEFT = 64;
const ABOVE = 10;
const BELOW = 26;
const ROOM = 40; // of the last label of the axis

/**
 * Draws lines over one axis of steps.
 * @param lines `{ kind, from, values }`: CSS class, first step, numbers.
 * @param ends labels of the axis: step -> text.
 * @param label what it shows, for who does not see it.
 */
export function curve(lines, ends, label) {
  const place = el("div", { class: "curve", role: "img", "aria-label": label });
  const draw = () => {
    const width = Math.max(280, place.clientWidth || 700);
    place.replaceChildren(drawn(lines, ends, width));
  };
  new ResizeObserver(draw).observe(place);
  return place;
}

function drawn(lines, ends, width) {
  const all = lines.flatMap(({ values }) => values);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || 1) * 0.06;
  const last = Math.max(...lines.map(({ from, values }) => from + values.length - 1), 1);
  const x = (step) => LEFT + (step / last) * (width - LEFT - 8);
  const y = (value) => ABOVE + (1 - (value - low + room) / (high - low + 2 * room || 1)) * (HEIGHT - ABOVE - BELOW);
  const ticks = [low, (low + high) / 2, high];
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" },
    ...ticks.map((tick) => svg("g", {},
      svg("line", { class: "grid", x1: LEFT, x2: width - 8, y1: y(tick), y2: y(tick) }),
      svg("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, short(tick)))),
    ...ends.filter(([step]) => step === 0 || step === last || x(last) - x(step) > ROOM).map(([step, text]) => svg("text", {
      x: x(step), y: HEIGHT - 6, "text-anchor": step === 0 ? "start" : "end",
    }, text)),
    ...lines.map(({ kind, from, values }) => svg("polyline", {
      class: `line ${kind}`, points: values.map((value, i) => `${x(from + i).toFixed(1)},${y(value).toFixed(1)}`).join(" "),
    })));
}

/** A number in few signs. */
export function short(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 4, notation: Math.abs(value) >= 1e6 ? "compact" : "standard" });
}
