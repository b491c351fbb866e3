// What a page can do beyond what HTML does by itself: it works without this, and nothing here loads anything.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector, from = document) => from.querySelector(selector);
  document.documentElement.classList.add("js");

  // A link to a section opens it, and what it lies in.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let closed = false;
    for (let at = target; at; at = at.parentElement) {
      if (at.hidden) at.hidden = false;
      if (at.tagName === "DETAILS" && !at.open) { at.open = true; closed = true; }
    }
    const details = target.closest("details");
    if (closed || details) (details || target).scrollIntoView({ block: "start" });
    if (details) one("summary", details).focus({ preventScroll: true });
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) { event.preventDefault(); reveal(); }
  });

  // Filter: words that a stage must have, and outcomes of which it must have one.
  const search = one("#search"), said = one("#found"), chips = all("[data-outcome]");
  const stages = all("details.stage");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.outcome);
    const found = new Set();
    for (const stage of stages) {
      const has = words.every((word) => stage.dataset.words.includes(word));
      const is = !wanted.length || stage.dataset.outcomes.split(" ").some((outcome) => wanted.includes(outcome));
      stage.hidden = !(has && is);
      if (stage.hidden) continue;
      found.add("#" + one(".body", stage).id);
      for (const part of all("details.instance, tr[data-stage]", stage)) {
        const name = part.dataset.words || part.dataset.stage;
        const own = words.some((word) => name.includes(word));
        const some = all("details.instance", stage).some((other) => words.some((word) => other.dataset.words.includes(word)));
        part.hidden = words.length > 0 && some && !own;
        if (!part.hidden && part.tagName === "DETAILS") found.add("#" + one(".body", part).id);
      }
    }
    for (const node of all(".dag .node")) node.classList.toggle("other", (words.length || wanted.length) && !found.has(node.getAttribute("href")));
    const shown = stages.filter((stage) => !stage.hidden).length;
    said.textContent = words.length || wanted.length ? `${shown} of ${stages.length}` : "";
  };
  if (search) {
    search.addEventListener("input", filter);
    search.addEventListener("keydown", (event) => { if (event.key === "Escape") { search.value = ""; filter(); } });
    for (const chip of chips) chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
      filter();
    });
    const toggle = one("#toggle");
    toggle.addEventListener("click", () => {
      const open = stages.some((stage) => !stage.hidden && !stage.open);
      for (const stage of stages) if (!stage.hidden) stage.open = open;
      toggle.textContent = open ? "Close all" : "Open all";
    });
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); search.focus(); }
    });
  }

  // The graph: what a stage comes from and what comes of it; arrows go from box to box, one of which has the focus.
  for (const dag of all(".dag")) {
    const nodes = all(".node", dag), edges = all(".edge", dag), above = new Map(), below = new Map();
    const add = (map, from, to) => { if (!map.has(from)) map.set(from, []); map.get(from).push(to); };
    for (const edge of edges) {
      const [from, to] = edge.dataset.e.split(" ");
      add(below, from, to); add(above, to, from);
    }
    const reach = (start, map, seen = new Set([start])) => {
      const todo = [start];
      while (todo.length) for (const next of map.get(todo.pop()) || []) if (!seen.has(next)) { seen.add(next); todo.push(next); }
      return seen;
    };
    const trace = (node) => {
      const from = reach(node.dataset.n, above), to = reach(node.dataset.n, below);
      for (const other of nodes) other.classList.toggle("near", from.has(other.dataset.n) || to.has(other.dataset.n));
      for (const edge of edges) {
        const [a, b] = edge.dataset.e.split(" ");
        edge.classList.toggle("near", (from.has(a) && from.has(b)) || (to.has(a) && to.has(b)));
      }
      dag.classList.add("tracing");
    };
    const middle = (node) => { const box = node.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
    const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const move = (node, [right, down]) => {
      const [x, y] = middle(node);
      let best = null, least = Infinity;
      for (const other of nodes) {
        const [ox, oy] = middle(other), along = (ox - x) * right + (oy - y) * down;
        const distance = along + 2.5 * Math.abs((ox - x) * down + (oy - y) * right);
        if (other !== node && along > 4 && distance < least) { best = other; least = distance; }
      }
      if (!best) return;
      node.tabIndex = -1; best.tabIndex = 0; best.focus();
      best.scrollIntoView({ block: "nearest", inline: "nearest" });
    };
    nodes.forEach((node, index) => {
      node.setAttribute("tabindex", index ? -1 : 0);
      node.addEventListener("pointerenter", () => trace(node));
      node.addEventListener("focus", () => trace(node));
      for (const leave of ["pointerleave", "blur"]) node.addEventListener(leave, () => dag.classList.remove("tracing"));
      node.addEventListener("keydown", (event) => { if (ways[event.key]) { event.preventDefault(); move(node, ways[event.key]); } });
    });
  }
  for (const button of all("[data-zoom]")) button.addEventListener("click", () => {
    const pressed = button.getAttribute("aria-pressed") !== "true";
    for (const other of all("[data-zoom]")) other.setAttribute("aria-pressed", other === button && pressed);
    for (const dag of all(".dag")) for (const zoom of ["actual", "whole"]) dag.classList.toggle(zoom, pressed && button.dataset.zoom === zoom);
  });

  // On paper all is open; afterwards as it was.
  let shut = [];
  addEventListener("beforeprint", () => { shut = all("details:not([open])"); for (const each of shut) each.open = true; });
  addEventListener("afterprint", () => { for (const each of shut) each.open = false; shut = []; });
  reveal();
})();
