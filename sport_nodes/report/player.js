// Plays, scrubs and turns the recorded skeleton. Lengths in the data are millimetres, z up; nothing is loaded.
"use strict";
(() => {
  const trial = JSON.parse(document.getElementById("trial").textContent);
  const byId = (id) => document.getElementById(id);
  const canvas = byId("view"), scrub = byId("scrub"), playButton = byId("play"), caption = byId("caption"), clock = byId("clock");
  const times = trial.times, begin = times[0] || 0, end = times[times.length - 1] || 0;
  if (!times.length) { byId("player").hidden = true; return; }

  const LEFT = "#1173b8", RIGHT = "#d0671b", MIDDLE = "#17212b", GHOST = "#9aa7b4", OFF = "#c0480c";
  const KEYFRAME_SHOWN_S = 0.06, DEVIATION_SHOWN_S = 0.12, STEP_S = 1 / 30, HEAD_MM = 95, GRID_MM = 500;
  const index = Object.fromEntries(trial.joints.map((name, i) => [name, i]));
  const isFace = (joint) => joint <= index.right_ear;
  const edges = trial.edges.filter(([a, b]) => !isFace(a) && !isFace(b));
  const side = (joint) => trial.joints[joint].split("_")[0];
  const colour = (a, b) => side(a) !== side(b) ? MIDDLE : side(a) === "left" ? LEFT : RIGHT;

  const view = { yaw: -1.15, pitch: 0.16, zoom: 1 };
  let now = begin, playing = false, last = 0;

  const joint = (frame, i) => frame && frame[3 * i] !== null ? [frame[3 * i], frame[3 * i + 1], frame[3 * i + 2]] : null;
  const middle = (frame, a, b) => {
    const p = joint(frame, a), q = joint(frame, b);
    return p && q ? p.map((v, k) => (v + q[k]) / 2) : p || q;
  };

  // The whole movement fits the view, so that it does not jump about: its box gives centre and size.
  const box = [[Infinity, -Infinity], [Infinity, -Infinity], [0, -Infinity]];
  for (const frame of trial.frames) frame.forEach((v, i) => { if (v !== null) { box[i % 3][0] = Math.min(box[i % 3][0], v); box[i % 3][1] = Math.max(box[i % 3][1], v); } });
  const centre = box.map(([low, high]) => Number.isFinite(low + high) ? (low + high) / 2 : 0);
  const spread = Math.max(...box.slice(0, 2).map(([low, high]) => high - low)) + 500 || 2000, height = box[2][1] - box[2][0] + 350 || 2000;

  const frameAt = (time) => {
    let low = 0, high = times.length - 1;
    while (low < high) { const mid = (low + high) >> 1; if (times[mid] < time) low = mid + 1; else high = mid; }
    return low > 0 && time - times[low - 1] < times[low] - time ? low - 1 : low;
  };

  function draw() {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, tall = canvas.clientHeight;
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(tall * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(tall * ratio); }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, tall);
    const scale = view.zoom * Math.min(width / spread, tall / height);
    const cy = Math.cos(view.yaw), sy = Math.sin(view.yaw), cp = Math.cos(view.pitch), sp = Math.sin(view.pitch);
    const project = (p) => {
      const x = p[0] - centre[0], y = p[1] - centre[1], z = p[2] - centre[2];
      const across = -x * sy + y * cy, depth = x * cy + y * sy;
      return [width / 2 - scale * across, tall / 2 - scale * (z * cp - depth * sp) + tall * 0.02];
    };
    const line = (p, q, stroke, thick, dash = []) => {
      if (!p || !q) return;
      const [a, b] = [project(p), project(q)];
      pen.strokeStyle = stroke; pen.lineWidth = thick; pen.lineCap = "round"; pen.setLineDash(dash);
      pen.beginPath(); pen.moveTo(...a); pen.lineTo(...b); pen.stroke(); pen.setLineDash([]);
    };
    const ring = (p, radius, stroke, fill) => {
      if (!p) return;
      pen.beginPath(); pen.arc(...project(p), radius, 0, 2 * Math.PI);
      if (fill) { pen.fillStyle = fill; pen.fill(); }
      if (stroke) { pen.strokeStyle = stroke; pen.lineWidth = 2; pen.stroke(); }
    };
    const [x0, x1] = box[0].map((v, i) => Math.round(v / GRID_MM + (i ? 1 : -1)) * GRID_MM), [y0, y1] = box[1].map((v, i) => Math.round(v / GRID_MM + (i ? 1 : -1)) * GRID_MM);
    for (let x = x0; x <= x1; x += GRID_MM) line([x, y0, 0], [x, y1, 0], "#cdd7e0", 1);
    for (let y = y0; y <= y1; y += GRID_MM) line([x0, y, 0], [x1, y, 0], "#cdd7e0", 1);

    const i = frameAt(now), frame = trial.frames[i];
    const body = (points, ghost) => {
      for (const [a, b] of edges) line(joint(points, a), joint(points, b), ghost ? GHOST : colour(a, b), ghost ? 3 : 5, ghost ? [1, 7] : []);
      const head = middle(points, index.left_ear, index.right_ear) || joint(points, index.nose);
      line(head, middle(points, index.left_shoulder, index.right_shoulder), ghost ? GHOST : MIDDLE, ghost ? 3 : 5, ghost ? [1, 7] : []);
      ring(head, HEAD_MM * scale, ghost ? GHOST : MIDDLE, ghost ? null : "#f7fafc");
    };
    for (let k = 0; k < trial.joints.length; k++) { const p = joint(frame, k); if (p && !isFace(k)) ring([p[0], p[1], 0], 3, null, "#17212b22"); }
    if (trial.target.length && byId("target").checked) body(trial.target[i], true);
    body(frame, false);
    const near = trial.deviations.filter((d) => Math.abs(d.time - now) < DEVIATION_SHOWN_S);
    const marked = new Set(near.flatMap((d) => d.joints.map((name) => index[name])));
    for (let k = 0; k < trial.joints.length; k++) {
      if (isFace(k)) continue;
      const own = side(k) === "left" ? LEFT : RIGHT;
      ring(joint(frame, k), 4.5, own, trial.estimated[i][k] === "1" ? "#fff" : own);
      if (marked.has(k)) ring(joint(frame, k), 11, OFF, null);
    }
    const stage = trial.stages.find((s) => s.begin <= now && now < s.end), key = trial.keyframes.find((k) => Math.abs(k.time - now) < KEYFRAME_SHOWN_S);
    caption.textContent = key ? "◆ " + key.label : stage ? stage.label : "";
    for (const label of new Set(near.map((d) => d.label))) { const note = document.createElement("em"); note.textContent = label; caption.append(note); }
    clock.textContent = now.toFixed(2) + " s";
    scrub.value = now;
  }

  function seek(time) { now = Math.min(end, Math.max(begin, time)); draw(); }
  function setPlaying(on) {
    playing = on; playButton.textContent = on ? trial.words.pause : trial.words.play;
    if (on) { if (now >= end) now = begin; last = performance.now(); requestAnimationFrame(tick); }
  }
  function tick(stamp) {
    if (!playing) return;
    now += Math.max(0, stamp - last) / 1000 * Number(byId("speed").value); last = stamp;
    if (now >= end) { now = end; setPlaying(false); }
    draw();
    if (playing) requestAnimationFrame(tick);
  }

  const percent = (time) => 100 * (time - begin) / (end - begin || 1) + "%";
  for (const stage of trial.stages) {
    const band = document.createElement("span");
    band.textContent = band.title = stage.label; band.style.left = percent(stage.begin); band.style.width = `calc(${percent(stage.end)} - ${percent(stage.begin)})`;
    byId("bands").append(band);
    if (band.scrollWidth > band.clientWidth) band.textContent = "";
  }
  for (const key of trial.keyframes) {
    const mark = document.createElement("button");
    mark.type = "button"; mark.textContent = "◆"; mark.title = key.label; mark.setAttribute("aria-label", key.label);
    mark.style.left = percent(key.time); mark.onclick = () => { setPlaying(false); seek(key.time); };
    byId("bands").append(mark);
  }
  for (const still of document.querySelectorAll("[data-time]")) still.onclick = () => { setPlaying(false); seek(Number(still.dataset.time)); };
  scrub.min = begin; scrub.max = end;
  scrub.oninput = () => { setPlaying(false); seek(Number(scrub.value)); };
  playButton.onclick = () => setPlaying(!playing);
  byId("target").onchange = draw;
  if (!trial.target.length) byId("target-control").hidden = true;

  const fingers = new Map();
  let gap = 0;
  const pinch = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  const zoomBy = (factor) => { view.zoom = Math.min(5, Math.max(0.4, view.zoom * factor)); draw(); };
  canvas.onpointerdown = (e) => { canvas.setPointerCapture(e.pointerId); fingers.set(e.pointerId, [e.clientX, e.clientY]); if (fingers.size === 2) gap = pinch(); };
  canvas.onpointermove = (e) => {
    const was = fingers.get(e.pointerId);
    if (!was) return;
    fingers.set(e.pointerId, [e.clientX, e.clientY]);
    if (fingers.size === 2) { zoomBy(pinch() / (gap || 1)); gap = pinch(); return; }
    view.yaw += (e.clientX - was[0]) * 0.008;
    view.pitch = Math.min(1.5, Math.max(-0.2, view.pitch + (e.clientY - was[1]) * 0.006));
    draw();
  };
  canvas.onpointerup = canvas.onpointercancel = (e) => fingers.delete(e.pointerId);
  canvas.addEventListener("wheel", (e) => { e.preventDefault(); zoomBy(Math.exp(-e.deltaY * 0.001)); }, { passive: false });
  canvas.onkeydown = (e) => {
    const step = { ArrowLeft: -STEP_S, ArrowRight: STEP_S }[e.key];
    if (step) { setPlaying(false); seek(now + step); } else if (e.key === " ") setPlaying(!playing); else return;
    e.preventDefault();
  };
  new ResizeObserver(draw).observe(canvas);
  seek(trial.keyframes.length ? trial.keyframes[0].time : begin);
})();
