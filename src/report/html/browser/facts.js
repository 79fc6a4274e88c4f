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
