'use strict';
// Confusion matrix: tells about the cell under the pointer and marks its row and column.
for (const table of document.querySelectorAll('table.matrix')) {
  const tip = document.getElementById('tip');
  const columns = [...table.tHead.rows[0].cells];
  let marked = [];
  const leave = () => {
    marked.forEach(cell => cell.classList.remove('on'));
    marked = [];
    tip.hidden = true;
  };
  const line = (tag, text) => tip.appendChild(document.createElement(tag)).textContent = text;
  table.addEventListener('mousemove', event => {
    const cell = event.target.closest('tbody td');
    if (!cell) return leave();
    const row = cell.parentElement, truth = row.cells[0], predicted = columns[cell.cellIndex];
    if (marked[0] !== truth || marked[1] !== predicted) {
      leave();
      marked = [truth, predicted];
      marked.forEach(head => head.classList.add('on'));
      const count = Number(cell.dataset.n || 0), total = Number(row.dataset.total);
      tip.replaceChildren();
      const same = row.sectionRowIndex + 1 === cell.cellIndex;
      line('b', same ? `${truth.textContent}: recognised` : `${truth.textContent}, taken for ${predicted.textContent}`);
      line('span', total ? `${count} of ${total} clips (${(100 * count / total).toFixed(1)} %)` : 'no clips of this class');
    }
    tip.hidden = false;
    const right = event.clientX + 18 + tip.offsetWidth < innerWidth;
    const below = event.clientY + 20 + tip.offsetHeight < innerHeight;
    tip.style.left = `${right ? event.clientX + 16 : event.clientX - tip.offsetWidth - 12}px`;
    tip.style.top = `${below ? event.clientY + 16 : event.clientY - tip.offsetHeight - 12}px`;
  });
  table.addEventListener('mouseleave', leave);
}

// Tables with sortable columns: a click on a head sorts by it, another turns the order round.
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  const sort = head => {
    const before = head.getAttribute('aria-sort');
    const up = before ? before === 'descending' : head.dataset.sort !== 'high';
    const body = table.tBodies[0], place = head.cellIndex;
    const value = row => row.cells[place].dataset.v ?? row.cells[place].textContent;
    const number = head.dataset.sort !== 'text';
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return (number ? Number(x) - Number(y) : x.localeCompare(y, undefined, {numeric: true})) * (up ? 1 : -1);
    });
    body.append(...rows);
    heads.forEach(other => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  };
  for (const head of heads.filter(h => h.dataset.sort)) {
    head.tabIndex = 0;
    head.addEventListener('click', () => sort(head));
    head.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); sort(head); }
    });
  }
}
