const chosen = new Set()
let order = { key: 'verdict', down: true }

function matches(item, state) {
  if (picked && (item.index < picked.from || item.index >= picked.to)) return false
  if (state.findings && item.exit === 0) return false
  if (state.kind && state.kind !== item.type && state.kind !== item.kind) return false
  if (chosen.size > 0 || state.backend) {
    const fits = (row) => (!state.backend || text(row[0]) === state.backend) && (chosen.size === 0 ? row[1] !== 'x' : chosen.has(row[1]))
    if (!item.rows.some(fits)) return false
  }
  return state.words.every((word) => wordsOf(item).includes(word))
}

function worst(item, backend) {
  return Math.max(-1, ...item.rows.filter((row) => text(row[0]) === backend).map((row) => WORSE.indexOf(row[1])))
}

function sorted(list) {
  const { key, down } = order
  const sign = down ? -1 : 1
  if (key === 'name') return list.sort((a, b) => sign * (a.name < b.name ? -1 : a.name > b.name ? 1 : a.index - b.index))
  const rank = key === 'verdict' ? (item) => GRAVITY.indexOf(item.exit) : (item) => worst(item, data.backends[Number(key)])
  const ranks = new Map(list.map((item) => [item, rank(item)]))
  return list.sort((a, b) => sign * (ranks.get(a) - ranks.get(b)) || a.index - b.index)
}

function apply() {
  const words = byId('text').value.toLowerCase().split(/\s+/).filter(Boolean)
  const state = { words, backend: byId('backend').value, kind: byId('kind').value, findings: byId('findings').checked }
  wanted = sorted(items.filter((item) => matches(item, state)))
  drawn = 0
  body.replaceChildren()
  draw(PAGE)
  if (wanted.length === 0) {
    const nothing = make('td', { role: 'cell', class: 'nothing', colspan: String(data.backends.length + 2) }, 'No artifact fits these filters.')
    body.append(make('tr', { role: 'row' }, nothing))
  }
  const n = (count) => count.toLocaleString('en-US')
  byId('matrix').setAttribute('aria-rowcount', String(wanted.length + 1))
  byId('status').textContent = wanted.length === items.length ? n(items.length) + ' artifacts' : n(wanted.length) + ' of ' + n(items.length) + ' artifacts'
  for (const button of document.querySelectorAll('button.sort')) {
    const own = button.dataset.sort === order.key
    button.closest('th').setAttribute('aria-sort', own ? (order.down ? 'descending' : 'ascending') : 'none')
  }
}

let waiting
function soon() {
  clearTimeout(waiting)
  waiting = setTimeout(apply, 90)
}
