function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== '' && value.length !== 0)
  return make('dl', {}, ...shown.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, ...[value].flat()))))
}

const code = (value) => (value === '' ? '' : make('code', {}, value))

function errorFacts(error) {
  const [name, message, hint] = error.map(text)
  return [
    ['Error', [make('strong', {}, name), ' ' + message]],
    ['Meaning', data.meanings[name] || ''],
    ['What to do', hint],
  ]
}

// How many characters were put in at a place of one text, when the other goes on right behind them.
function inserted(value, other, from) {
  const next = other.slice(from, from + 12)
  for (let n = 1; n <= 40; n++) if (value.slice(from + n, from + n + next.length) === next) return n
  return -1
}

// White space alone would be seen by nobody.
const visible = (value) => (value.trim() === '' ? value.replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥') : value)

// Marks what lies between the common beginning and the common end of two values; of a text itself only the first change.
function changed(value, other, whole) {
  if (value === '') return make('em', {}, 'absent')
  let from = 0
  while (from < value.length && from < other.length && value[from] === other[from]) from++
  let end = value.length
  const added = whole ? inserted(value, other, from) : -1
  if (added > 0) end = from + added
  else if (whole && inserted(other, value, from) > 0) end = from
  else for (let o = other.length; end > from && o > from && value[end - 1] === other[o - 1]; o--) end--
  const middle = value.slice(from, end)
  return make('code', {}, value.slice(0, from), middle === '' ? '' : make('mark', {}, visible(middle)), value.slice(end))
}

function differencesOf(list) {
  const head = make('tr', {}, ...['Where', 'Reference', 'This copy'].map((name) => make('th', { scope: 'col' }, name)))
  const rows = list.map(([pointer, reference, copy]) => make('tr', {},
    make('th', { scope: 'row' }, text(pointer) === '' ? make('em', {}, 'the text itself') : make('code', {}, text(pointer))),
    make('td', { 'data-label': 'Reference' }, changed(text(reference), text(copy), text(pointer) === '')),
    make('td', { 'data-label': 'This copy' }, changed(text(copy), text(reference), text(pointer) === ''))))
  const caption = make('caption', {}, list.length >= 20 ? 'The first 20 differences' : 'What differs')
  return make('table', { class: 'diff' }, caption, make('thead', {}, head), make('tbody', {}, ...rows))
}

function copyOf(row) {
  const [backend, mark, state, format, place, entry, signatures, keyids, error, detail, differences] = row
  const title = make('h4', {}, chip(mark, state === 2 ? 'forgiven' : ''), ' ', make('span', {}, text(backend)), ' ', make('small', {}, text(format)))
  const list = facts([
    ...(error ? errorFacts(error) : []),
    ['Detail', text(detail)],
    ['Place', code(text(place))],
    ['Entry', code(text(entry))],
    [signatures.length > 1 ? 'Signatures' : 'Signature', signatures.map((id) => code(text(id)))],
    [keyids.length > 1 ? 'Keys' : 'Key', keyids.map((id) => code(text(id)))],
  ])
  return make('section', { class: 'copy' }, title, differences.length > 0 ? differencesOf(differences) : '', list)
}

function strangersOf(list) {
  const lines = list.map(([error, counts]) => make('li', {},
    make('strong', {}, text(error[0])), ' ' + text(error[1]) + (counts ? ' (counts)' : ''), make('br'), text(error[3]) + ' ', code(text(error[4]))))
  return make('section', { class: 'copy' }, make('h4', {}, list.length === 1 ? 'A stranger in a shared place' : list.length + ' strangers in shared places'), make('ul', {}, ...lines))
}

// What is wrong comes first.
const worstFirst = (rows) => rows.map((row, i) => [row, i]).sort(([a, i], [b, j]) => WORSE.indexOf(b[1]) - WORSE.indexOf(a[1]) || i - j).map(([row]) => row)

function builtOf(item) {
  const list = facts([
    [item.made.length > 1 ? 'Images' : 'Image', item.made.map(code)],
    ['Builder', code(item.builder)],
    ['Source', code(item.source)],
  ])
  return item.made.length > 0 || item.builder || item.source ? make('section', { class: 'copy' }, make('h4', {}, 'What was built'), list) : ''
}

const UID = /\(([0-9a-f-]{36})\)$/
function repairOf(item) {
  if (item.exit === 0 || !data.repair || !item.rows.some((row) => '#*+'.includes(row[1])) || !item.rows.some((row) => '=~*'.includes(row[1]))) return ''
  const [, uid] = UID.exec(item.name) || []
  const command = data.repair.command + (uid && data.repair.narrow ? ' ' + data.repair.narrow + ' ' + uid : '')
  return make('p', { class: 'command' }, make('code', {}, command), ' ', make('button', { type: 'button', class: 'copy-command' }, 'Copy'))
}

function copyCommand(button) {
  const command = button.parentElement.querySelector('code')
  const done = () => { button.textContent = 'Copied' }
  const select = () => { getSelection().selectAllChildren(command); button.textContent = 'Selected' }
  navigator.clipboard ? navigator.clipboard.writeText(command.textContent).then(done, select) : select()
}

function detailsOf(item) {
  const beyond = item.beyond.map((error) => make('section', { class: 'copy' }, make('h4', {}, 'Of the artifact as a whole'), facts(errorFacts(error))))
  return make('div', { class: 'details' },
    ...beyond, ...worstFirst(item.rows).map(copyOf).slice(0, 1), repairOf(item), ...worstFirst(item.rows).map(copyOf).slice(1),
    item.strangers.length > 0 ? strangersOf(item.strangers) : '', builtOf(item), make('p', { class: 'uri' }, code(item.uri)))
}
