'use strict';
// Plays the clips inlined as JSON: joints as 16-bit integers, bones with colours and widths. The projection is that
// of mmskel/visualization/stage.py: right-handed metres with y up seen along +z, or pixels as they are.
{
  const MISSING = -32768, DISTANCE = 5, PITCH = 10 * Math.PI / 180, PAUSE = .6;
  const data = JSON.parse(document.getElementById('clips').textContent);
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const speed = document.getElementById('speed'), all = document.getElementById('play-all');

  const decode = text => {
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0)), view = new DataView(bytes.buffer);
    return Int16Array.from({length: bytes.length / 2}, (_, i) => view.getInt16(2 * i, true));
  };

  class Player {
    constructor(figure, clip) {
      Object.assign(this, clip);
      [this.M, this.T, this.V, this.C] = clip.shape;
      this.joints = decode(clip.joints);
      this.skeleton = data.skeletons[clip.skeleton];
      this.meshes = (clip.meshes || []).map(mesh => ({...mesh, points: decode(mesh.points), faces: decode(mesh.faces)}));
      this.canvas = figure.querySelector('canvas');
      this.button = figure.querySelector('button');
      this.slider = figure.querySelector('input');
      this.readout = figure.querySelector('.play span');
      this.time = 0; this.yaw = 0; this.pitch = PITCH; this.turned = false; this.visible = true;
      this.play(!still);
      this.button.addEventListener('click', () => this.play(!this.playing));
      this.slider.addEventListener('input', () => { this.play(false); this.time = this.slider.value / this.fps; this.draw(); });
      if (this.C === 3) this.drag();
      new IntersectionObserver(seen => this.visible = seen[0].isIntersecting).observe(this.canvas);
      new ResizeObserver(() => { this.fit(); this.draw(); }).observe(this.canvas);
    }

    play(on) {
      this.playing = on;
      this.button.textContent = on ? '\u275A\u275A' : '\u25B6\uFE0E';
      this.button.setAttribute('aria-label', on ? 'pause' : 'play');
    }

    drag() {
      let from = null;
      this.canvas.addEventListener('pointerdown', event => {
        from = [event.clientX, event.clientY, this.angle(), this.pitch];
        this.canvas.setPointerCapture(event.pointerId);
      });
      this.canvas.addEventListener('pointermove', event => {
        if (!from) return;
        this.turned = true;
        this.yaw = from[2] + (event.clientX - from[0]) * .012;
        this.pitch = Math.max(-.3, Math.min(1.4, from[3] + (event.clientY - from[1]) * .008));
        this.draw();
      });
      for (const end of ['pointerup', 'pointercancel']) this.canvas.addEventListener(end, () => from = null);
      this.canvas.addEventListener('dblclick', () => { this.turned = false; this.pitch = PITCH; this.draw(); });
    }

    // the view swings until somebody takes hold of it
    angle() { return this.turned ? this.yaw : .35 * Math.sin(this.time * 1.1) * (this.C === 3); }

    fit() {
      const sharp = Math.min(devicePixelRatio || 1, 3), side = this.canvas.clientWidth;
      this.canvas.width = this.canvas.height = this.side = Math.max(Math.round(side * sharp), 1);
      const room = .86 * this.side;
      this.scale = Math.min(room / this.extent[0], room / this.extent[1]);
    }

    place(x, y, z) {
      x -= this.centre[0]; y -= this.centre[1];
      const half = this.side / 2;
      if (this.C === 2) return [half + x * this.scale, half + y * this.scale, 0];
      z -= this.centre[2];
      [x, z] = [this.cos * x + this.sin * z, this.cos * z - this.sin * x];
      [y, z] = [this.cosPitch * y + this.sinPitch * z, this.cosPitch * z - this.sinPitch * y];
      const near = this.scale * DISTANCE * this.radius / Math.max(DISTANCE * this.radius + z, this.radius);
      return [half - x * near, half - y * near, z];
    }

    stroke(pen, a, b, colour, width) {
      pen.strokeStyle = colour; pen.lineWidth = width;
      pen.beginPath(); pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]); pen.stroke();
    }

    dot(pen, at, colour, radius) {
      pen.fillStyle = colour; pen.beginPath(); pen.arc(at[0], at[1], radius, 0, 7); pen.fill();
    }

    draw() {
      if (!this.side) return;
      const pen = this.canvas.getContext('2d'), {bones, dots} = this.skeleton, solid = this.C === 3;
      const yaw = this.angle(), frame = Math.min(Math.floor(this.time * this.fps), this.T - 1);
      [this.cos, this.sin] = [Math.cos(yaw), Math.sin(yaw)];
      [this.cosPitch, this.sinPitch] = [Math.cos(this.pitch), Math.sin(this.pitch)];
      pen.clearRect(0, 0, this.side, this.side);
      pen.lineCap = 'round';
      if (solid) this.floorGrid(pen);
      const points = [];  // (person, joint) -> x, y, depth, and where its shadow falls
      for (let m = 0; m < this.M; m++) for (let v = 0; v < this.V; v++) {
        const at = ((m * this.T + frame) * this.V + v) * this.C;
        if (this.joints[at] === MISSING) { points.push(null); continue; }
        const p = [0, 1, 2].map(c => c < this.C ? this.joints[at + c] * this.step + this.origin[c] : 0);
        const point = this.place(...p);
        point.shadow = solid ? this.place(p[0], this.floor, p[2]) : null;
        points.push(point);
      }
      const lines = [];
      for (let m = 0; m < this.M; m++) for (const [a, b, colour, width] of bones) {
        const [p, q] = [points[m * this.V + a], points[m * this.V + b]];
        if (p && q) lines.push([p, q, colour, Math.max(width * this.side, 1)]);
      }
      if (solid) for (const [p, q, , width] of lines) this.stroke(pen, p.shadow, q.shadow, data.colours.shadow, .8 * width);
      lines.sort((a, b) => b[0][2] + b[1][2] - a[0][2] - a[1][2]);
      for (const mesh of this.meshes) this.surface(pen, mesh, frame);
      const rim = this.side / 200;
      for (const [p, q, colour, width] of lines) {
        if (width > 2 * rim) this.stroke(pen, p, q, data.colours.paper, width + 2 * rim);
        this.stroke(pen, p, q, colour, width);
      }
      points.map((p, i) => [p, i]).filter(([p]) => p).sort((a, b) => b[0][2] - a[0][2]).forEach(([p, i]) => {
        const width = Math.max(dots[i % this.V][1] * this.side, 1);
        const persons = data.colours.persons, person = Math.floor(i / this.V);
        if (width > 2 * rim) this.dot(pen, p, data.colours.paper, .62 * width + rim);
        this.dot(pen, p, this.several ? persons[person % persons.length] : dots[i % this.V][0], width > 2 * rim ? .62 * width : .5 * width);
      });
      this.slider.value = frame;
      this.readout.textContent = `${(frame / this.fps).toFixed(1)} s`;
    }

    // triangles from back to front, lit from the camera
    surface(pen, mesh, frame) {
      const count = mesh.points.length / 3 / this.T, points = [];
      for (let i = 0; i < count; i++) {
        const at = 3 * (frame * count + i);
        if (mesh.points[at] === MISSING) return;
        points.push(this.place(...[0, 1, 2].map(c => mesh.points[at + c] * mesh.step + mesh.origin[c])));
      }
      const shown = [];
      for (let f = 0; f < mesh.faces.length; f += 3) {
        const [a, b, c] = [0, 1, 2].map(k => points[mesh.faces[f + k]]);
        const [u, v] = [[b[0] - a[0], b[1] - a[1], (b[2] - a[2]) * this.scale], [c[0] - a[0], c[1] - a[1], (c[2] - a[2]) * this.scale]];
        const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        shown.push([a, b, c, a[2] + b[2] + c[2], Math.abs(normal[2]) / (Math.hypot(...normal) || 1)]);
      }
      shown.sort((p, q) => q[3] - p[3]);
      pen.globalAlpha = mesh.opacity;
      for (const [a, b, c, , light] of shown) {
        pen.fillStyle = `rgb(${mesh.colour.map(part => Math.round(part * (.55 + .45 * light))).join()})`;
        pen.beginPath(); pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]); pen.lineTo(c[0], c[1]); pen.fill();
      }
      pen.globalAlpha = 1;
    }

    floorGrid(pen) {
      const n = Math.floor(this.reach / this.grid);
      for (let k = -n; k <= n; k++) {
        const off = k * this.grid, half = Math.sqrt(this.reach ** 2 - off ** 2), [x, , z] = this.centre;
        for (const [a, b] of [[[off, -half], [off, half]], [[-half, off], [half, off]]]) {
          this.stroke(pen, this.place(x + a[0], this.floor, z + a[1]), this.place(x + b[0], this.floor, z + b[1]),
                      data.colours.line, this.side / 320);
        }
      }
    }

    advance(seconds) {
      if (!this.playing || !this.visible) return;
      this.time += seconds;
      if (this.time > this.T / this.fps + PAUSE) this.time = 0;
      this.draw();
    }
  }

  const players = [...document.querySelectorAll('figure.clip')].map(
    figure => new Player(figure, data.clips[figure.dataset.clip]));
  if (players.length) {
    const label = () => all.textContent = players.some(p => p.playing) ? 'Pause all' : 'Play all';
    all.addEventListener('click', () => {
      const on = !players.some(p => p.playing);
      players.forEach(p => p.play(on));
      label();
    });
    let before = performance.now();
    const tick = now => {
      const seconds = Math.min((now - before) / 1000, .1) * Number(speed.value);
      before = now;
      players.forEach(p => p.advance(seconds));
      label();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }
}
