/**
 * The script of the page. It filters and sorts indexes and makes elements for the first of them only, more as the reader scrolls, so
 * that 10,000 rows cost no more than 100. Text is only ever set as text: the page's policy forbids anything else.
 * Plain JavaScript for browsers, in the order: the facts, one row, filters and order, what the reader does.
 */
import { DETAILS } from './details.ts'
import { HEAT } from './heat-script.ts'

const FACTS = String.raw`
'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const S = data.strings
const text = (i) => (i < 0 ? '' : S[i])
const byId = (id) => document.getElementById(id)
const MARKS = new Map(data.marks.map(([mark, word, style], order) => [mark, { word, style, order }]))
const GRAVITY = [0, 7, 6, 5, 4, 3, 2, 1]
const WORSE = ['x', '=', '~', '!', '+', '*', '#']
const backendOf = new Map(data.backends.map((name, i) => [name, i]))
const items = data.artifacts.map(([name, type, kind, uri, exit, rows, strangers, beyond, builder, source, made, reason], index) =>
  ({ index, name: text(name), type, kind, uri: text(uri), exit, rows, strangers, beyond, builder: text(builder), source: text(source), made: made.map(text), reason: text(reason), words: undefined }))

function make(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((child) => child !== undefined && child !== ''))
  return element
}

function chip(mark, note) {
  const { word, style } = MARKS.get(mark)
  // All is well: the mark alone, with its word for who cannot see it.
  if (mark === '=' && !note) return make('span', { class: 'chip ' + style, title: word, role: 'img', 'aria-label': mark + ' ' + word }, make('b', {}, mark))
  return make('span', { class: 'chip ' + style }, make('b', {}, mark), ' ' + word, note ? make('i', {}, ' ' + note) : '')
}

// What the text filter looks through; made once an artifact, when first asked for.
function wordsOf(item) {
  if (item.words === undefined) {
    const parts = [item.name, item.uri, item.kind, item.type]
    const error = (e) => parts.push(text(e[0]), text(e[1]), text(e[4]))
    for (const row of item.rows) {
      parts.push(text(row[0]), text(row[3]), text(row[4]), text(row[5]), text(row[9]), ...row[6].map(text), ...row[7].map(text))
      if (row[8]) error(row[8])
    }
    for (const [stranger] of item.strangers) error(stranger)
    item.beyond.forEach(error)
    item.words = parts.join('\n').toLowerCase()
  }
  return item.words
}
`

const TABLE = String.raw`
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
  const [, type = '', name = item.name, uid = '', digest = ''] = SPLIT.exec(item.name) || []
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
`

const FILTERS = String.raw`
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
`

const READER = `
byId('text').addEventListener('input', soon)
for (const id of ['backend', 'kind', 'findings']) byId(id).addEventListener('change', apply)
byId('more').addEventListener('click', () => {
  const next = wanted[drawn]
  draw(drawn + PAGE)
  if (next) body.querySelector('[data-item="' + next.index + '"]')?.focus()
})
byId('reset').addEventListener('click', () => {
  picked = undefined
  if (heat) byId('heat-all').hidden = true
  chosen.clear()
  for (const toggleButton of document.querySelectorAll('.toggle')) toggleButton.setAttribute('aria-pressed', 'false')
  for (const id of ['text', 'backend', 'kind']) byId(id).value = ''
  byId('findings').checked = false
  apply()
})
document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null
  if (!button) return
  if (button.classList.contains('name')) toggle(button)
  if (button.classList.contains('copy-command')) copyCommand(button)
  if (button.classList.contains('toggle')) {
    const { mark } = button.dataset
    if (!chosen.delete(mark)) chosen.add(mark)
    button.setAttribute('aria-pressed', String(chosen.has(mark)))
    apply()
  }
  if (button.classList.contains('sort')) {
    const key = button.dataset.sort
    order = { key, down: order.key === key ? !order.down : key !== 'name' }
    apply()
  }
})
document.addEventListener('keydown', (event) => {
  const at = document.activeElement
  const typing = at instanceof HTMLInputElement && at.type === 'search'
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault()
    byId('text').focus()
  }
  if (!at || !at.classList.contains('name') || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
  event.preventDefault()
  const names = [...body.querySelectorAll('button.name')]
  const to = names.indexOf(at) + (event.key === 'ArrowDown' ? 1 : -1)
  if (to >= names.length - 1) draw(drawn + PAGE)
  ;(body.querySelectorAll('button.name')[to] || at).focus()
})
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) draw(drawn + PAGE)
}, { rootMargin: '600px' }).observe(byId('more'))

// Paper does not scroll: all that the filters leave, and the details of what counts.
const OPEN_ON_PAPER = 200
let opened = []
addEventListener('beforeprint', () => {
  opened = wanted.filter((item) => item.exit !== 0 && !open.has(item.index)).slice(0, OPEN_ON_PAPER)
  for (const item of opened) open.add(item.index)
  drawn = 0
  body.replaceChildren()
  draw(wanted.length)
})
addEventListener('afterprint', () => {
  for (const item of opened) open.delete(item.index)
  drawn = 0
  body.replaceChildren()
  draw(PAGE)
})
byId('artifacts').hidden = false
apply()
`

export const SCRIPT = `${FACTS}${DETAILS}${TABLE}${FILTERS}${HEAT}${READER}`
