"use strict";
// The timeline's part [from, to] in units of its axis; every row is an SVG whose viewBox shows just that part.
(() => {
  const chart = document.getElementById("chart"), axis = document.getElementById("axis");
  const behind = chart.querySelector(".behind"), cursor = document.getElementById("cursor");
  const picked = document.getElementById("picked"), now = document.getElementById("now");
  const rows = [...chart.querySelectorAll("svg.t")];
  const begin = Number(chart.dataset.begin), step = Number(chart.dataset.step) / 10, width = Number(chart.dataset.width);
  const heights = new Map(rows.map((row) => [row, row.viewBox.baseVal.height]));
  let from = 0, to = width;

  const seconds = (x) => begin + x * step, units = (s) => (s - begin) / step;
  const share = (x) => (x - from) / (to - from);

  function show(a, b) {
    const least = Math.min(width, 20), wide = Math.min(width, Math.max(least, b - a));
    from = Math.max(0, Math.min(width - wide, (a + b - wide) / 2));
    to = from + wide;
    for (const row of rows) row.setAttribute("viewBox", `${from} 0 ${wide} ${heights.get(row)}`);
    ticks();
    for (const label of chart.querySelectorAll("[data-x]")) {
      const at = share(Number(label.dataset.x));
      label.style.left = `${100 * at}%`;
      label.hidden = at < -0.0001 || at > 1.0001;
    }
  }

  function ticks() {
    const most = Math.max(2, Math.floor(axis.clientWidth / 90)), least = ((to - from) * step) / most;
    const power = 10 ** Math.floor(Math.log10(least));
    const apart = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= least * 0.999);
    const digits = Math.max(0, Math.ceil(-Math.log10(apart) - 1e-9));
    axis.replaceChildren();
    for (let n = Math.ceil(seconds(from) / apart - 1e-6); n * apart <= seconds(to) + 1e-9; n += 1) {
      const tick = document.createElement("span");
      tick.className = "at tick";
      tick.dataset.x = units(n * apart);
      if (share(units(n * apart)) < 0.965) tick.textContent = `${(n * apart + 0).toFixed(digits)} s`;
      axis.append(tick);
    }
  }

  const moves = {
    in: () => show(from + (to - from) / 4, to - (to - from) / 4),
    out: () => show(from - (to - from) / 2, to + (to - from) / 2),
    left: () => show(from - (to - from) / 4, to - (to - from) / 4),
    right: () => show(from + (to - from) / 4, to + (to - from) / 4),
    all: () => show(0, width),
  };
  const keys = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all", Escape: "all" };
  chart.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    moves[keys[event.key]]();
    event.preventDefault();
  });
  for (const button of chart.querySelectorAll("button")) button.addEventListener("click", moves[button.dataset.do]);

  // Dragging: the span between where the pointer went down and where it went up.
  let down = null;
  const stay = (event) => event.preventDefault();
  const place = (event) => {
    const box = behind.getBoundingClientRect();
    return { at: Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)), inside: event.clientX >= box.left };
  };
  chart.addEventListener("pointerdown", (event) => {
    const { at, inside } = place(event);
    down = inside && event.button === 0 && event.pointerType === "mouse" && !event.target.closest("a, button") ? at : null;
  });
  chart.addEventListener("pointermove", (event) => {
    const { at, inside } = place(event);
    cursor.style.cssText = inside ? `display:block;left:${100 * at}%` : "";
    now.textContent = inside ? `${seconds(from + at * (to - from)).toFixed(3)} s` : "";
    const is = down !== null && Math.abs(at - down) > 0.004;
    picked.style.cssText = is ? `display:block;left:${100 * Math.min(at, down)}%;width:${100 * Math.abs(at - down)}%` : "";
    if (is) event.preventDefault();
  });
  chart.addEventListener("pointerleave", () => { cursor.style.cssText = ""; now.textContent = ""; });
  chart.addEventListener("dragstart", (event) => event.preventDefault());
  window.addEventListener("pointerup", (event) => {
    if (down === null) return;
    const { at } = place(event), wide = to - from, [a, b] = [Math.min(at, down), Math.max(at, down)];
    down = null;
    picked.style.cssText = "";
    if (b - a > 0.004) {
      window.getSelection().removeAllRanges();
      window.addEventListener("click", stay, true);
      setTimeout(() => window.removeEventListener("click", stay, true));
      show(from + a * wide, from + b * wide);
    }
  });

  // #t=2.5,4.0 shows those seconds; the name of a violation opens it.
  function follow() {
    const span = /^#t=(-?[\d.]+),(-?[\d.]+)$/.exec(location.hash);
    if (span) {
      show(units(Number(span[1])), units(Number(span[2])));
      document.getElementById("timeline").scrollIntoView();
      chart.focus({ preventScroll: true });
    } else if (location.hash.length > 1) {
      const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (found instanceof HTMLDetailsElement) { found.open = true; found.scrollIntoView(); }
    }
  }
  window.addEventListener("hashchange", follow);
  window.addEventListener("resize", () => show(from, to));
  window.addEventListener("beforeprint", () => show(from, to));
  document.body.classList.add("script");
  show(0, width);
  follow();
})();
