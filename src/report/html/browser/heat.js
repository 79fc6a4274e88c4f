let picked
const heat = byId('heat')
const heatAt = byId('heat-at')
const heatText = heatAt && heatAt.textContent
function columnAt(event) {
  const lane = event.target instanceof Element ? event.target.closest('svg.heat') : null
  if (!lane) return undefined
  const box = lane.getBoundingClientRect()
  const columns = Number(heat.dataset.columns)
  const each = Number(heat.dataset.each)
  const backend = lane.dataset.backend
  const bad = (item) => worst(item, backend) > WORSE.indexOf('~')
  const column = Math.min(columns - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * columns)))
  // A thin column that is not well is drawn wider than it is: the nearest one below the pointer is meant.
  const near = Math.ceil(columns / 240)
  const spread = [...Array(2 * near + 1).keys()].map((i) => column + (i % 2 ? -(i + 1) / 2 : i / 2))
  const hit = spread.find((c) => c >= 0 && c < columns && items.slice(c * each, (c + 1) * each).some(bad))
  const from = (hit === undefined ? column : hit) * each
  return { backend, from, to: Math.min(items.length, from + each) }
}
if (heat) {
  heat.addEventListener('pointermove', (event) => {
    const at = columnAt(event)
    if (!at) return
    const item = items[at.from]
    const marks = item.rows.filter((row) => text(row[0]) === at.backend).map((row) => row[1] + ' ' + MARKS.get(row[1]).word)
    heatAt.textContent = at.to - at.from === 1 ? namesOf(item).name + ' in ' + at.backend + ': ' + marks.join(', ') : (at.from + 1) + ' to ' + at.to + ' in ' + at.backend
  })
  heat.addEventListener('pointerleave', () => { heatAt.textContent = heatText })
  heat.addEventListener('click', (event) => {
    const at = columnAt(event)
    if (!at) return
    picked = at
    open.clear()
    if (at.to - at.from === 1) open.add(at.from)
    byId('heat-all').hidden = false
    apply()
    byId('artifacts').scrollIntoView()
    body.querySelector('button.name')?.focus({ preventScroll: true })
  })
  byId('heat-all').addEventListener('click', () => {
    picked = undefined
    byId('heat-all').hidden = true
    apply()
  })
}
