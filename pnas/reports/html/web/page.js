// Shows the cell under the pointer (or the finger), and hides runs whose box is unchecked. Reads the page's own data only.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip");

  const html = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  function svg(name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  }

  // Fill of an operator by its family, and colour of an edge by its source.
  const { families, sources, edge, ink, paper } = data.colours;
  const fill = (name) => (families.find(([part]) => name.includes(part)) || ["", paper])[1];
  const colour = (source) => sources[source] || edge;

  // A cell from left to right. Every operand has a row of its own; an edge changes rows in the gutter right after its
  // source, so that it crosses no box.
  function draw(blocks, outputs) {
    const ROW = 30, BOX = 22, GUTTER = 52, INPUT = 44;
    const parts = blocks.map((block) => {
      const pairs = [];
      for (let i = 0; i < block.length; i += 2) pairs.push([block[i], data.operators[block[i + 1]]]);
      return pairs;
    });
    const depths = [];
    for (const pairs of parts) depths.push(1 + Math.max(0, ...pairs.map(([source]) => (source >= 0 ? depths[source] : 0))));
    const deepest = Math.max(...depths);
    const boxWidth = 16 + 7.2 * Math.min(24, Math.max(6, ...parts.flat().map(([, name]) => name.length)));
    const left = (depth) => 8 + INPUT + GUTTER + (depth - 1) * (boxWidth + 34 + GUTTER);
    const rows = [], middles = [];
    let y = 20;
    for (const pairs of parts) {
      rows.push(pairs.map(() => { const here = y; y += ROW; return here; }));
      middles.push(pairs.length ? (rows.at(-1)[0] + rows.at(-1).at(-1)) / 2 : (y += ROW) - ROW);
      y += 8;
    }
    const sources = [...new Set(parts.flat().map(([source]) => source).filter((source) => source < 0))].sort((a, b) => b - a);
    const inputs = new Map(sources.map((source, i) => [source, ((i + 0.5) * (y - 8)) / sources.length]));
    const end = left(deepest) + boxWidth + 34 + GUTTER;
    const picture = svg("svg", { viewBox: `0 0 ${end + 66} ${y}`, width: end + 66, height: y });
    const line = (x1, y1, x2, y2, last, tint) => picture.append(svg("path", {
      d: `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}H${last}`, fill: "none", stroke: tint }));
    const box = (x, middle, width, text, tint, rim) => {
      picture.append(svg("rect", { x, y: middle - BOX / 2, width, height: BOX, rx: 5, fill: tint, stroke: rim }));
      picture.append(svg("text", { x: x + width / 2, y: middle + 4, "text-anchor": "middle", "font-size": 12 }, text));
    };
    const start = (source) => source < 0 ? [8 + INPUT, inputs.get(source)] : [left(depths[source]) + boxWidth + 34, middles[source]];
    parts.forEach((pairs, block) => pairs.forEach(([source], i) => {
      const [x, from] = start(source);
      line(x, from, x + GUTTER - 8, rows[block][i], left(depths[block]), colour(source));
    }));
    for (const block of outputs) {
      const [x, from] = start(block);
      line(x, from, x + GUTTER - 8, middles[block], end, colour(block));
    }
    for (const [source, middle] of inputs) box(8, middle, INPUT, `h[${source}]`, paper, colour(source));
    parts.forEach((pairs, block) => {
      const x = left(depths[block]), add = x + boxWidth + 25;
      pairs.forEach(([, name], i) => {
        line(x + boxWidth, rows[block][i], add - 9, middles[block], add - 9, edge);
        box(x, rows[block][i], boxWidth, name.length > 24 ? name.slice(0, 23) + "…" : name, fill(name), edge);
      });
      picture.append(svg("circle", { cx: add, cy: middles[block], r: 9, fill: paper, stroke: edge }));
      picture.append(svg("path", { d: `M${add - 5} ${middles[block]}h10M${add} ${middles[block] - 5}v10`, stroke: ink }));
    });
    const ends = outputs.map((block) => middles[block]);
    const [top, bottom] = [Math.min(...ends) - 12, Math.max(...ends) + 12];
    picture.append(svg("rect", { x: end, y: top, width: 8, height: bottom - top, rx: 3, fill: "#dfe3e8", stroke: edge }));
    picture.append(svg("text", { x: end + 14, y: (top + bottom) / 2 + 4, "font-size": 12 }, "output"));
    return picture;
  }

  let shown = null;

  function show(mark, x, y) {
    const [run, index] = mark.dataset.c.split(":").map(Number);
    const [text, facts, blocks, outputs] = data.runs[run].cells[index];
    const list = html("dl", "");
    const titled = data.runs.length > 1 ? [["run", data.runs[run].name], ...facts] : facts;
    for (const [name, value] of titled) list.append(html("dt", name), html("dd", value));
    tip.replaceChildren(list, ...(blocks && blocks.length ? [draw(blocks, outputs)] : []), html("code", text));
    tip.style.display = "block";
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 18 + height < innerHeight ? y + 18 : Math.max(8, y - height - 14)}px`;
    if (shown) shown.classList.remove("on");
    shown = mark;
    mark.classList.add("on");
  }

  function hide() {
    tip.style.display = "none";
    if (shown) shown.classList.remove("on");
    shown = null;
  }

  const markOf = (event) => event.target.closest && event.target.closest("[data-c]");
  document.addEventListener("pointerover", (event) => {
    const mark = markOf(event);
    if (mark) show(mark, event.clientX, event.clientY);
    else if (event.pointerType === "mouse") hide();
  });
  document.addEventListener("click", (event) => {
    const mark = markOf(event);
    if (mark) show(mark, event.clientX, event.clientY);
    else hide();
  });

  for (const check of document.querySelectorAll("input[data-toggle]"))
    check.addEventListener("change", () => {
      for (const part of document.querySelectorAll(`[data-run="${check.dataset.toggle}"]`))
        part.classList.toggle("off", !check.checked);
    });

  // For screenshots and for tests: #cell=0:12 opens the page with that cell shown.
  const asked = /^#cell=(\d+:\d+)$/.exec(location.hash);
  const found = asked && document.querySelector(`[data-c="${asked[1]}"]`);
  if (found) {
    found.scrollIntoView({ block: "center" });
    const place = found.getBoundingClientRect();
    show(found, place.right, place.bottom);
  }
})();
