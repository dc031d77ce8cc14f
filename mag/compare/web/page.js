"use strict";
// The page of a report. One state (what is brushed, searched and chosen) and one function that draws it all again.
// Texts come from experiments and are never taken for markup: textContent, canvas, and plain-text tooltips only.
(() => {
  const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b9a800", "#7f7f7f"];
  const VIRIDIS = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"];
  const MOST_LINES = 1500;
  const FEW = 12;
  const $ = (id) => document.getElementById(id);
  const media = window.matchMedia("(prefers-color-scheme: dark)");

  let report = JSON.parse($("data").textContent);
  let columns = [];
  let byKey = new Map();
  let texts = []; // what a search looks through, a line an experiment
  let charts = {};
  let table = null;
  let filtering = 0;
  let drawing = 0;
  const state = { brush: {}, search: "", metric: null, direction: "max", x: null, y: null, slices: {}, sx: null, sy: null, sc: null, cm: null, cb: null };

  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

  // ---- data -------------------------------------------------------------------------------------------------------

  function readColumns() {
    columns = report.columns.map((column, at) => {
      const values = report.values[at];
      const present = values.filter((value) => value !== null);
      const numeric = present.length > 0 && present.every((value) => isNumber(value) || value === "nan" || value === "inf" || value === "-inf");
      const distinct = [...new Set(present.map(String))];
      if (numeric) distinct.sort((a, b) => Number(a) - Number(b));
      else distinct.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
      const codes = new Map(distinct.map((value, code) => [value, code]));
      return { ...column, at, values, numeric, distinct, codes: values.map((value) => (value === null ? -1 : codes.get(String(value)))) };
    });
    byKey = new Map(columns.map((column) => [column.key, column]));
    const searched = columns.filter((column) => column.key !== "commit");
    texts = report.names.map((name, row) => [name, ...searched.map((column) => `${column.key}=${format(column.values[row])}`)].join(" ").toLowerCase());
  }

  const find = (key) => byKey.get(key) || null;
  const keys = () => columns.filter((column) => column.kind === "config" || column.kind === "choices");
  const metrics = () => columns.filter((column) => column.kind === "results" && column.numeric);

  function format(value) {
    if (value === null || value === undefined) return "";
    if (!isNumber(value)) return String(value);
    if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? String(value) : value.toExponential(3);
    const size = Math.abs(value);
    return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(5))) : value.toExponential(2).replace(/\.?0+e/, "e");
  }

  function describeSeconds(seconds) {
    if (seconds < 60) return `${format(Number(seconds.toFixed(seconds < 10 ? 1 : 0)))} s`;
    if (seconds < 3600) return `${(seconds / 60).toFixed(1)} min`;
    return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`;
  }

  // ---- selection --------------------------------------------------------------------------------------------------

  const place = (column, row) => (column.numeric ? column.values[row] : column.codes[row]);

  function isBrushed(row, brushes) {
    return brushes.every(([column, intervals]) => {
      const at = column.codes[row] < 0 ? null : place(column, row);
      return isNumber(at) && intervals.some(([low, high]) => at >= low && at <= high);
    });
  }

  const all = () => report.names.map((_, row) => row);

  function search() {
    const wanted = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    return wanted.length ? all().filter((row) => wanted.every((word) => texts[row].includes(word))) : all();
  }

  function select() {
    const brushes = Object.entries(state.brush).map(([key, intervals]) => [find(key), intervals]).filter(([column, intervals]) => column && intervals.length);
    return brushes.length ? search().filter((row) => isBrushed(row, brushes)) : search();
  }

  function order(rows, metric) {
    const sign = state.direction === "max" ? -1 : 1;
    return rows.filter((row) => isNumber(metric.values[row])).sort((a, b) => sign * (metric.values[a] - metric.values[b]));
  }

  // ---- state in the link ------------------------------------------------------------------------------------------

  function keepState() {
    const kept = {};
    for (const [name, value] of Object.entries(state)) {
      const empty = value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);
      if (!empty) kept[name] = value;
    }
    history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(kept))}`);
  }

  function readState() {
    try {
      const kept = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}");
      for (const name of Object.keys(state)) if (name in kept && typeof kept[name] === typeof (state[name] ?? "")) state[name] = kept[name];
    } catch {
      // A link that somebody cut short shows everything.
    }
  }

  // ---- small pieces of the page -----------------------------------------------------------------------------------

  function make(tag, text, name) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    return element;
  }

  function fill(id, options, wanted) {
    const box = $(id);
    box.replaceChildren(...options.map(([value, label]) => {
      const option = make("option", label);
      option.value = value;
      return option;
    }));
    const values = options.map(([value]) => value);
    box.value = values.includes(wanted) ? wanted : values[0] ?? "";
    return box.value || null;
  }

  const list = (found) => found.map((column) => [column.key, column.key]);

  function show(id, yes) {
    $(id).hidden = !yes;
    return yes;
  }

  // What distinguishes an experiment, in few words: its name may be long.
  const nameShortly = (row) => keys().filter((column) => column.distinct.length > 1).slice(0, 6).map((column) => `${column.key}=${format(column.values[row])}`).join(" ") || report.names[row];

  function drawSummary(rows, metric) {
    const cards = [];
    const card = (big, small, name) => {
      const made = make("div", undefined, `card ${name || ""}`);
      made.append(make("b", big), make("span", small));
      cards.push(made);
    };
    const status = find("status");
    const done = rows.filter((row) => status.values[row] === "completed").length;
    card(rows.length === report.names.length ? String(rows.length) : `${rows.length} of ${report.names.length}`, `experiments, ${done} completed`);
    if (metric) {
      const best = order(rows, metric);
      if (best.length) {
        card(format(metric.values[best[0]]), `${state.direction === "max" ? "highest" : "lowest"} ${metric.key}`);
        card(nameShortly(best[0]), "the best experiment", "long");
      }
    }
    const failed = rows.filter((row) => ["failed", "killed", "timeout", "corrupt", "lost"].includes(status.values[row])).length;
    card(String(failed), "failed", failed ? "bad" : "");
    const seconds = find("seconds");
    const spent = rows.reduce((sum, row) => sum + (isNumber(seconds.values[row]) ? seconds.values[row] : 0), 0);
    card(describeSeconds(spent), "run time of all together");
    $("summary").replaceChildren(...cards);
  }

  function drawPairs(id, pairs) {
    $(id).replaceChildren(...pairs.flatMap(([key, value]) => [make("dt", key), make("dd", typeof value === "object" && value !== null ? JSON.stringify(value) : format(value))]));
  }

  function drawFailures() {
    if (!show("failures-panel", report.failures.length > 0)) return;
    $("failures").replaceChildren(...report.failures.map((group) => {
      const made = make("details");
      const head = make("summary");
      const count = group.names.length;
      head.append(make("em", group.kind), ` ${group.message} `, make("span", `${count} experiment${count === 1 ? "" : "s"}${group.where ? `, ${group.where}` : ""}`, "count"));
      made.append(head, make("p", group.names.slice(0, 20).join("   ") + (count > 20 ? `   and ${count - 20} more` : ""), "hint"));
      if (group.tail.length) made.append(make("pre", group.tail.join("\n")));
      return made;
    }));
  }

  function drawDetail(row) {
    show("detail-panel", true);
    $("detail-name").textContent = report.names[row];
    drawPairs("detail", columns.filter((column) => column.values[row] !== null).map((column) => [column.key, column.values[row]]));
    $("detail-log").hidden = true;
    if (token) showLog(report.names[row]);
    $("detail-panel").scrollIntoView({ block: "nearest" });
  }

  // ---- live: the same page, served by `mag ui` --------------------------------------------------------------------

  const token = location.protocol === "file:" ? null : new URLSearchParams(location.search).get("token");
  const address = (path, more) => `${path}?${new URLSearchParams({ token, ...more })}`;

  async function showLog(name) {
    const answer = await fetch(address("log", { name }));
    if (!answer.ok || $("detail-name").textContent !== name) return;
    $("detail-log").textContent = await answer.text();
    $("detail-log").hidden = !$("detail-log").textContent;
  }

  function follow() {
    const events = new EventSource(address("events"));
    events.addEventListener("change", async () => {
      const answer = await fetch(address("data"));
      if (answer.ok) update(await answer.json());
    });
    events.onopen = () => { $("live").textContent = "live"; };
    events.onerror = () => { $("live").textContent = "not connected: is mag ui still running?"; };
    show("live", true);
  }

  // ---- charts -----------------------------------------------------------------------------------------------------

  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const text = () => ({ color: ink("ink"), fontFamily: "system-ui, sans-serif", fontSize: 12 });
  const axisStyle = () => ({
    axisLine: { lineStyle: { color: ink("line") } },
    axisTick: { lineStyle: { color: ink("line") } },
    axisLabel: { color: ink("soft"), hideOverlap: true, formatter: (value) => format(isNumber(value) ? value : value) },
    nameTextStyle: { color: ink("soft") },
    splitLine: { lineStyle: { color: ink("line"), opacity: 0.6 } },
  });
  const tooltip = () => ({ renderMode: "richText", confine: true, backgroundColor: ink("paper"), borderColor: ink("line"), textStyle: text() });

  function chart(id) {
    if (!charts[id]) charts[id] = echarts.init($(id), null, { renderer: "canvas" });
    return charts[id];
  }

  // Values that span orders of magnitude are read on a logarithmic axis.
  function isLogarithmic(column, rows) {
    const found = (rows || column.values.map((_, row) => row)).map((row) => column.values[row]).filter(isNumber);
    const low = Math.min(...found), high = Math.max(...found);
    return found.length > 2 && low > 0 && high / low >= 100 && (column.kind === "config" || column.kind === "choices");
  }

  function axis(column, rows, more) {
    if (column.numeric) return { type: isLogarithmic(column, rows) ? "log" : "value", scale: true, name: column.key, ...axisStyle(), ...more };
    return { type: "category", data: column.distinct, name: column.key, ...axisStyle(), ...more };
  }

  function axesOfParallel(metric) {
    const wanted = [...keys().filter((column) => column.distinct.length > 1)].slice(0, 9);
    return metric ? [...wanted, metric] : wanted;
  }

  function sample(rows, most) {
    if (rows.length <= most) return rows;
    return Array.from({ length: most }, (_, at) => rows[Math.round((at * (rows.length - 1)) / (most - 1))]);
  }

  // Holds what the search found; what is brushed on its axes stands out by the chart's own means.
  function drawParallel(metric) {
    const used = axesOfParallel(metric), found = search();
    if (!show("parallel-panel", used.length > 1)) return;
    const shown = sample(found, MOST_LINES);
    $("parallel-note").textContent = shown.length < found.length ? `${shown.length} of ${found.length} are drawn.` : "";
    const data = (row) => used.map((column) => {
      const value = column.values[row];
      return column.numeric ? (isNumber(value) ? value : "-") : value === null ? "-" : String(value);
    });
    const range = metric ? extent(metric, all()) : null;
    chart("parallel").setOption({
      animation: false,
      textStyle: text(),
      parallel: { left: 50, right: 70, top: 42, bottom: 24 },
      parallelAxis: used.map((column, dim) => ({
        id: `axis${column.at}`, dim, ...axis(column, null, { nameLocation: "end", nameGap: 14 }),
        nameTextStyle: { color: ink("ink"), fontWeight: 600, width: 110, overflow: "truncate" },
        areaSelectStyle: { width: 18, borderWidth: 1, borderColor: ink("accent"), color: ink("accent"), opacity: 0.2 },
      })),
      visualMap: range ? [{ show: false, type: "continuous", min: range[0], max: range[1], dimension: used.length - 1, inRange: { color: VIRIDIS } }] : [],
      series: [{
        type: "parallel", inactiveOpacity: 0.04, activeOpacity: shown.length > 500 ? 0.35 : 0.75, smooth: 0.15, progressive: 0,
        lineStyle: { width: shown.length > 200 ? 1 : 1.6, opacity: shown.length > 500 ? 0.35 : 0.75, color: ink("accent") }, data: shown.map(data),
      }],
    }, { replaceMerge: ["series", "parallelAxis", "visualMap"] });
    for (const column of used) {
      const intervals = state.brush[column.key];
      if (intervals) chart("parallel").dispatchAction({ type: "axisAreaSelect", parallelAxisId: `axis${column.at}`, intervals });
    }
  }

  function extent(column, rows) {
    let low = Infinity, high = -Infinity;
    for (const row of rows) {
      const value = column.values[row];
      if (isNumber(value)) { low = Math.min(low, value); high = Math.max(high, value); }
    }
    return low <= high ? [low, high === low ? low + 1e-9 : high] : [0, 1];
  }

  const mean = (found) => found.reduce((sum, value) => sum + value, 0) / found.length;

  function drawHeat(rows, metric) {
    const able = keys().filter((column) => column.distinct.length > 1 && column.distinct.length <= 60);
    if (!show("heat-panel", Boolean(metric) && able.length > 1)) return;
    state.x = fill("heat-x", list(able), state.x ?? able[0].key);
    state.y = fill("heat-y", list(able.filter((column) => column.key !== state.x)), state.y ?? able[1].key);
    const x = find(state.x), y = find(state.y);
    drawSlices(able.filter((column) => column !== x && column !== y && column.distinct.length <= FEW));
    const cells = new Map();
    for (const row of rows) {
      if (!isNumber(metric.values[row]) || !inSlices(row)) continue;
      const key = `${x.codes[row]},${y.codes[row]}`;
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push(metric.values[row]);
    }
    const data = [...cells].map(([key, found]) => [...key.split(",").map(Number), mean(found), found.length]).filter(([a, b]) => a >= 0 && b >= 0);
    const values = data.map((cell) => cell[2]);
    const labels = (column) => column.distinct.map((value) => (column.numeric ? format(Number(value)) : value));
    const small = x.distinct.length * y.distinct.length <= 64;
    chart("heat").setOption({
      animation: false, textStyle: text(),
      tooltip: { ...tooltip(), formatter: ({ data: [a, b, value, n] }) => `${x.key} ${labels(x)[a]}, ${y.key} ${labels(y)[b]}\n${metric.key} ${format(value)}${n > 1 ? `, mean of ${n}` : ""}` },
      grid: { left: 8, right: 74, top: 12, bottom: 26, containLabel: true },
      xAxis: { type: "category", data: labels(x), name: x.key, nameLocation: "middle", nameGap: 26, ...axisStyle(), splitLine: { show: false } },
      yAxis: { type: "category", data: labels(y), name: "", ...axisStyle(), splitLine: { show: false } },
      visualMap: { dimension: 2, min: Math.min(...values, Infinity), max: Math.max(...values, -Infinity), calculable: false, orient: "vertical", right: 0, top: "middle", itemHeight: 130, itemWidth: 12, text: [], textStyle: { color: ink("soft") }, formatter: format, inRange: { color: VIRIDIS } },
      series: [{ type: "heatmap", data, label: { show: small, formatter: ({ data: cell }) => format(Number(cell[2].toPrecision(3))), textBorderColor: "rgba(0,0,0,0.55)", textBorderWidth: 2, color: "#fff", fontSize: 11 }, itemStyle: { borderColor: ink("paper"), borderWidth: 1 } }],
    }, true);
  }

  function inSlices(row) {
    return Object.entries(state.slices).every(([key, value]) => {
      const column = key === state.x || key === state.y ? null : find(key);
      return !column || column.distinct[column.codes[row]] === value;
    });
  }

  function drawSlices(others) {
    $("heat-slices").replaceChildren(...others.slice(0, 4).map((column) => {
      const label = make("label", `${column.key} `), box = make("select");
      box.append(...[["", "all"], ...column.distinct.map((value) => [value, value])].map(([value, shown]) => {
        const option = make("option", shown);
        option.value = value;
        return option;
      }));
      box.value = state.slices[column.key] ?? "";
      box.addEventListener("change", () => {
        if (box.value) state.slices[column.key] = box.value;
        else delete state.slices[column.key];
        draw();
      });
      label.append(box);
      return label;
    }));
  }

  function drawScatter(rows, metric) {
    const able = columns.filter((column) => column.distinct.length > 1 && (column.numeric || column.distinct.length <= 40) && !["commit", "host"].includes(column.key));
    if (!show("scatter-panel", Boolean(metric) && able.length > 1)) return;
    state.sx = fill("scatter-x", list(able), state.sx ?? (able.find((column) => column.numeric && column !== metric) || able[0]).key);
    state.sy = fill("scatter-y", list(able), state.sy ?? metric.key);
    const few = keys().filter((column) => column.distinct.length > 1 && column.distinct.length <= PALETTE.length);
    state.sc = fill("scatter-c", [["", "one"], ...list(few)], state.sc ?? few[0]?.key ?? "");
    const x = find(state.sx), y = find(state.sy), c = state.sc ? find(state.sc) : null;
    const groups = c ? c.distinct : [""];
    const at = (column, row) => (column.numeric ? column.values[row] : String(column.values[row]));
    const usable = rows.filter((row) => [x, y].every((column) => (column.numeric ? isNumber(column.values[row]) : column.values[row] !== null)));
    chart("scatter").setOption({
      animation: false, textStyle: text(), color: PALETTE,
      legend: { show: Boolean(c), top: 0, type: "scroll", textStyle: { color: ink("soft") }, formatter: (name) => (c && c.numeric ? format(Number(name)) : name) },
      tooltip: { ...tooltip(), formatter: ({ data }) => `${nameShortly(data[2])}\n${x.key} ${format(data[0])}\n${y.key} ${format(data[1])}` },
      grid: { left: 8, right: 22, top: c ? 34 : 14, bottom: 24, containLabel: true },
      xAxis: axis(x, usable, { nameLocation: "middle", nameGap: 26 }),
      yAxis: axis(y, usable, { nameLocation: "end" }),
      series: groups.map((value) => ({
        name: value, type: "scatter", symbolSize: usable.length > 2000 ? 4 : 8, large: usable.length > 3000, itemStyle: { opacity: 0.75 },
        data: usable.filter((row) => !c || c.distinct[c.codes[row]] === value).map((row) => [at(x, row), at(y, row), row]),
      })),
    }, true);
  }

  // The share of the variance that lies between the groups of a key: eta squared of a one-way analysis.
  function share(column, rows, metric) {
    const sums = new Array(column.distinct.length + 1).fill(0), counts = sums.slice();
    let n = 0, sum = 0, squares = 0;
    for (const row of rows) {
      const value = metric.values[row];
      if (!isNumber(value)) continue;
      const group = column.codes[row] + 1;
      sums[group] += value; counts[group] += 1;
      n += 1; sum += value; squares += value * value;
    }
    const groups = counts.filter(Boolean).length, total = squares - (sum * sum) / n;
    if (n < 3 || groups < 2 || groups >= n || total <= 0) return null;
    return (sums.reduce((added, value, group) => added + (counts[group] ? (value * value) / counts[group] : 0), 0) - (sum * sum) / n) / total;
  }

  function drawEffects(rows, metric) {
    const found = metric ? keys().map((column) => [column.key, share(column, rows, metric)]).filter(([, value]) => value !== null).sort((a, b) => a[1] - b[1]).slice(-12) : [];
    if (!show("effects-panel", found.length > 0)) return;
    chart("effects").setOption({
      animation: false, textStyle: text(), tooltip: { ...tooltip(), formatter: ({ name, value }) => `${name} ${(100 * value).toFixed(1)} %` },
      grid: { left: 8, right: 52, top: 8, bottom: 8, containLabel: true },
      xAxis: { type: "value", min: 0, max: 1, ...axisStyle(), axisLabel: { color: ink("soft"), formatter: (value) => `${100 * value} %` } },
      yAxis: { type: "category", data: found.map(([key]) => key), ...axisStyle(), axisLabel: { color: ink("ink"), width: 130, overflow: "truncate" } },
      series: [{ type: "bar", barMaxWidth: 22, data: found.map(([, value]) => value), itemStyle: { color: ink("accent"), borderRadius: [0, 3, 3, 0] }, label: { show: true, position: "right", color: ink("soft"), formatter: ({ value }) => `${(100 * value).toFixed(0)} %` } }],
    }, true);
  }

  function drawCurves(rows) {
    const names = [...new Set(report.curves.map((curve) => curve.metric))];
    if (!show("curves-panel", names.length > 0)) return;
    const few = keys().filter((column) => column.distinct.length > 1 && column.distinct.length <= PALETTE.length);
    state.cm = fill("curve-metric", names.map((name) => [name, name]), state.cm ?? names[0]);
    state.cb = fill("curve-by", [["", "each"], ...list(few)], state.cb ?? few[0]?.key ?? "");
    const by = state.cb ? find(state.cb) : null, kept = new Set(rows);
    const shown = report.curves.filter((curve) => curve.metric === state.cm && kept.has(curve.row));
    const logged = report.curves.filter((curve) => curve.metric === state.cm).length;
    $("curves-note").textContent = by ? `Mean over each ${by.key}, with a band of one standard deviation.` : `${shown.length} of ${logged} curves.`;
    chart("curves").setOption({
      animation: false, textStyle: text(), color: PALETTE,
      legend: { show: Boolean(by), top: 0, type: "scroll", textStyle: { color: ink("soft") }, data: by ? by.distinct : [] },
      tooltip: { ...tooltip(), trigger: by ? "axis" : "item", formatter: by ? undefined : ({ seriesName, data }) => `${seriesName}\nstep ${format(data[0])}: ${format(data[1])}`, valueFormatter: format },
      grid: { left: 8, right: 22, top: by ? 34 : 14, bottom: 24, containLabel: true },
      xAxis: { type: "value", name: "step", nameLocation: "middle", nameGap: 26, min: "dataMin", max: "dataMax", ...axisStyle() },
      yAxis: { type: "value", scale: true, ...axisStyle() },
      series: by ? by.distinct.flatMap((value, at) => band(shown.filter((curve) => String(by.values[curve.row]) === value), value, PALETTE[at % PALETTE.length]))
        : shown.map((curve) => ({ name: report.names[curve.row], type: "line", showSymbol: false, lineStyle: { width: 1.2, opacity: 0.6 }, data: curve.points })),
    }, true);
  }

  function band(curves, name, color) {
    const steps = new Map();
    for (const { points } of curves) for (const [step, value] of points) {
      if (!isNumber(value)) continue;
      if (!steps.has(step)) steps.set(step, []);
      steps.get(step).push(value);
    }
    const found = [...steps].sort((a, b) => a[0] - b[0]).map(([step, values]) => {
      const middle = mean(values);
      return [step, middle, values.length > 1 ? Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)) : 0];
    });
    const hidden = { type: "line", showSymbol: false, silent: true, lineStyle: { opacity: 0 }, stack: `band ${name}`, tooltip: { show: false } };
    return [
      { ...hidden, name: `${name} low`, stackStrategy: "all", data: found.map(([step, middle, sd]) => [step, middle - sd]) },
      { ...hidden, name: `${name} high`, stackStrategy: "all", areaStyle: { color, opacity: 0.15 }, data: found.map(([step, , sd]) => [step, 2 * sd]) },
      { name, type: "line", showSymbol: false, color, lineStyle: { width: 2, color }, data: found.map(([step, middle]) => [step, middle]) },
    ];
  }

  // ---- table ------------------------------------------------------------------------------------------------------

  function compare(a, b, _a, _b, _column, direction) {
    const first = isNumber(a), second = isNumber(b);
    if (first && second) return a - b;
    if (first !== second) return (first ? -1 : 1) * (direction === "desc" ? -1 : 1); // numbers first either way
    return String(a ?? "").localeCompare(String(b ?? ""), undefined, { numeric: true });
  }

  function cell(column) {
    return (held) => {
      const value = held.getValue();
      const made = make("span", column && column.key === "seconds" && isNumber(value) ? format(Number(value.toPrecision(3))) : column && column.key === "started" ? String(value ?? "").slice(0, 16).replace("T", " ") : column && column.key === "commit" ? String(value ?? "").slice(0, 10) : format(value));
      if (column && column.key === "status") made.className = value === "completed" ? "status-completed" : ["failed", "killed", "timeout", "corrupt", "lost"].includes(value) ? "status-bad" : "";
      return made;
    };
  }

  // A row is a stop of the Tab key, and Enter shows its experiment.
  function reachable(row) {
    const element = row.getElement();
    element.tabIndex = 0;
    element.onkeydown = (event) => { if (event.key === "Enter") drawDetail(row.getData().id); };
  }

  const records = () => report.names.map((name, row) => ({ id: row, name, ...Object.fromEntries(columns.map((column) => [`c${column.at}`, column.values[row]])) }));

  function makeTable() {
    const heading = (label) => () => make("span", label);
    const shown = columns.filter((column) => !["attempt", "host"].includes(column.key));
    if (table) table.destroy();
    table = new Tabulator("#table", {
      data: records(), index: "id", height: Math.min(520, 60 + 34 * report.names.length), layout: "fitDataFill", rowFormatter: reachable, placeholder: "No experiment passes.",
      columnDefaults: { headerSortTristate: true, resizable: "header", maxInitialWidth: 260 },
      columns: [
        { title: "name", field: "name", frozen: window.innerWidth > 800, titleFormatter: heading("name"), formatter: cell(null), sorter: compare },
        ...shown.map((column) => ({ title: "", field: `c${column.at}`, titleFormatter: heading(column.key), formatter: cell(column), hozAlign: column.numeric ? "right" : "left", headerHozAlign: column.numeric ? "right" : "left", sorter: compare })),
      ],
    });
    table.columnKeys = columns.map((column) => column.key).join("\n");
    table.on("rowClick", (_, row) => drawDetail(row.getData().id));
    table.on("tableBuilt", () => { table.ready = true; filterTable(select()); });
  }

  function filterTable(rows) {
    if (!table || !table.ready) return;
    const kept = new Set(rows);
    clearTimeout(filtering);
    filtering = setTimeout(() => (kept.size === report.names.length ? table.clearFilter() : table.setFilter((record) => kept.has(record.id))), 80);
    $("count").textContent = rows.length === report.names.length ? `${rows.length}` : `${rows.length} of ${report.names.length}`;
  }

  // ---- all together -----------------------------------------------------------------------------------------------

  function draw({ parallel = true } = {}) {
    state.metric = fill("metric", list(metrics()), state.metric ?? metrics()[0]?.key);
    const metric = state.metric ? find(state.metric) : null;
    const rows = select();
    drawSummary(rows, metric);
    if (parallel) drawParallel(metric);
    drawHeat(rows, metric);
    drawScatter(rows, metric);
    drawEffects(rows, metric);
    drawCurves(rows);
    filterTable(rows);
    show("clear", Boolean(Object.keys(state.brush).length || state.search));
    keepState();
  }

  function brush({ parallelAxisId, intervals }) {
    const column = columns[Number(String(parallelAxisId).slice("axis".length))];
    if (!column || JSON.stringify(intervals) === JSON.stringify(state.brush[column.key] ?? [])) return;
    if (intervals.length) state.brush[column.key] = intervals;
    else delete state.brush[column.key];
    cancelAnimationFrame(drawing); // a brush that moves asks more often than a screen can show
    drawing = requestAnimationFrame(() => draw({ parallel: false }));
  }

  function listen() {
    const choices = { metric: "metric", direction: "direction", "heat-x": "x", "heat-y": "y", "scatter-x": "sx", "scatter-y": "sy", "scatter-c": "sc", "curve-metric": "cm", "curve-by": "cb" };
    for (const [id, name] of Object.entries(choices)) $(id).addEventListener("change", (event) => { state[name] = event.target.value; draw(); });
    let waiting = 0;
    $("search").addEventListener("input", (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { state.search = event.target.value; draw(); }, 120);
    });
    $("clear").addEventListener("click", () => { state.brush = {}; state.search = ""; $("search").value = ""; charts.parallel?.clear(); draw(); });
    if (!$("parallel-panel").hidden) chart("parallel").on("axisareaselected", brush);
    window.addEventListener("resize", () => Object.values(charts).forEach((one) => one.resize()));
    media.addEventListener("change", () => draw());
  }

  function describe() {
    $("title").textContent = report.title;
    const made = new Date(report.made);
    $("subtitle").textContent = `${report.names.length} experiment${report.names.length === 1 ? "" : "s"}, read ${Number.isNaN(made.getTime()) ? report.made : made.toLocaleString()}`;
    drawPairs("constants", Object.entries(report.constants));
    show("constants-panel", Object.keys(report.constants).length > 0);
  }

  function start() {
    drawFailures();
    draw();
    makeTable();
    listen();
  }

  function begin() {
    readColumns();
    readState();
    describe();
    $("direction").value = state.direction;
    $("search").value = state.search;
    $("footer").textContent = "Made by mag. Values are shown with five digits; the files of the experiments have them all.";
    if (report.names.length) start();
    else {
      for (const panel of document.querySelectorAll(".panel")) panel.hidden = true;
      $("summary").replaceChildren(make("div", "There are no experiments to report on.", "card wide"));
    }
    if (token) follow();
    document.body.dataset.ready = "yes";
  }

  // What has changed is drawn, and what was chosen stays.
  function update(next) {
    const bare = (data) => JSON.stringify({ ...data, made: null });
    if (bare(next) === bare(report)) return;
    const wasEmpty = !table;
    report = next;
    readColumns();
    describe();
    if (wasEmpty) {
      for (const panel of document.querySelectorAll(".panel")) panel.hidden = panel.id === "detail-panel";
      if (report.names.length) start();
      return;
    }
    drawFailures();
    draw();
    const same = table.columnKeys === columns.map((column) => column.key).join("\n");
    if (!same) makeTable();
    else if (table.ready) table.replaceData(records()).then(() => filterTable(select()));
  }

  begin();
})();
