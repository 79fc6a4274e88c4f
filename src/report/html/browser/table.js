const PAGE = 100
const body = byId('rows')
const open = new Set()
let wanted = []
let drawn = 0

const EXIT_OF = { '#': 3, '*': 4, '+': 5, '!': 6 }
function codeOf(item) {
  const rows = item.rows.filter((row) => row[2] === 1 && row[8])
  const counted = rows.find((row) => EXIT_OF[row[1]] === item.exit) || rows[0]
  const error = counted ? counted[8] : item.beyond[0] || (item.strangers.find((s) => s[1] === 1) || [])[0]
  return error ? text(error[0]) : ''
}

// The short name goes first; what tells two of one name apart goes small below it.
const SPLIT = /^(\S+) (.*?)(?: \((.+)\)|@(sha256:[0-9a-f]{12})[0-9a-f]*)$/
function namesOf(item) {
  const [, type = '', name = item.name, uid = '', digest = ''] = (item.name.length <= 1000 && SPLIT.exec(item.name)) || []
  const id = uid || (digest && digest + '…')
  return { name, below: [type, item.kind === 'raw' ? 'signature' : 'attestation', id].filter(Boolean).join(' · ') }
}

function rowOf(item, position) {
  const { name, below } = namesOf(item)
  const button = make('button', { type: 'button', class: 'name', 'aria-expanded': String(open.has(item.index)), 'data-item': String(item.index) }, name)
  const cells = data.backends.map((backend) => {
    const own = item.rows.filter((row) => text(row[0]) === backend)
    const chips = own.map((row) => chip(row[1], row[2] === 2 ? 'forgiven' : ''))
    return make('td', { role: 'cell', 'data-label': backend }, ...chips)
  })
  const verdict = item.exit === 0 ? make('span', { class: 'ok' }, 'ok') : make('span', { class: 'bad' }, item.reason.length > 60 ? item.reason.slice(0, 59) + '…' : item.reason)
  const code = item.exit === 0 ? '' : make('small', {}, codeOf(item))
  return make('tr', { role: 'row', class: item.exit === 0 ? '' : 'counts', 'aria-rowindex': String(position + 2) },
    make('th', { scope: 'row', role: 'rowheader' }, button, make('small', {}, below)),
    make('td', { role: 'cell', 'data-label': 'Verdict', class: 'verdict' }, verdict, code), ...cells)
}

function detailRow(item) {
  const cell = make('td', { role: 'cell', colspan: String(data.backends.length + 2) }, detailsOf(item))
  return make('tr', { role: 'row', class: 'detail', id: 'detail-' + item.index }, cell)
}

function draw(upTo) {
  const fragment = document.createDocumentFragment()
  const end = Math.min(upTo, wanted.length)
  for (; drawn < end; drawn++) {
    const item = wanted[drawn]
    fragment.append(rowOf(item, drawn))
    if (open.has(item.index)) fragment.append(detailRow(item))
  }
  body.append(fragment)
  byId('more').hidden = drawn >= wanted.length
}

function toggle(button) {
  const index = Number(button.dataset.item)
  const row = button.closest('tr')
  if (open.has(index)) {
    open.delete(index)
    byId('detail-' + index)?.remove()
  } else {
    open.add(index)
    row.after(detailRow(items[index]))
  }
  button.setAttribute('aria-expanded', String(open.has(index)))
}
