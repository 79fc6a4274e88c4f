'use strict'
{
  const line = document.getElementById('live')
  const pause = document.getElementById('pause')
  const rows = document.getElementById('rows')
  const verdicts = document.getElementById('verdicts')
  const MOST = 200
  let isPaused = false
  let events

  const made = (tag, text, values = {}) => {
    const element = document.createElement(tag)
    element.textContent = text
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, value)
    return element
  }
  const columns = () => [...document.querySelectorAll('#copies thead th')].slice(1).map((head) => head.textContent)
  const chipOf = ({ sign, word, look }) => {
    const chip = made('span', '', { class: 'chip ' + look })
    chip.append(made('b', sign), ' ' + word)
    return chip
  }
  const cellOf = (name, chip) => {
    const cell = made('td', '', { 'data-label': name, 'data-backend': name })
    if (chip) cell.append(chipOf(chip))
    return cell
  }
  const rowOf = ({ key, artifact, format, chips }) => {
    const row = made('tr', '', { 'data-key': key })
    const head = made('th', '', { scope: 'row' })
    head.append(made('a', artifact, { href: '/v1/artifacts/' + encodeURIComponent(artifact) }), ' ', made('small', format))
    row.append(head, ...columns().map((name) => cellOf(name, chips[name])))
    return row
  }
  const known = () => new Map([...document.querySelectorAll('#rows tr')].map((row) => [row.getAttribute('data-key'), row]))

  function changeRows(changed) {
    if (!rows) return
    // A backend that had no copy so far needs a column, which the next load of the page brings.
    const all = known()
    for (const one of [...changed].reverse()) {
      const row = all.get(one.key)
      if (row) {
        for (const cell of row.querySelectorAll('td')) {
          const chip = one.chips[cell.getAttribute('data-backend')]
          if (chip) cell.replaceChildren(chipOf(chip))
        }
      } else rows.prepend(rowOf(one))
    }
    for (const row of [...document.querySelectorAll('#rows tr')].slice(MOST)) row.remove()
  }
  function changeVerdicts(list) {
    verdicts.replaceChildren(
      ...list.map(({ image, verdict, cached, at }) => {
        const row = made('tr', '')
        const when = made('td', '', { 'data-label': 'When' })
        when.append(made('time', at.slice(11, 19) + ' UTC', { datetime: at }))
        row.append(made('th', image, { scope: 'row' }), made('td', verdict + (cached ? ' (kept)' : ''), { 'data-label': 'Verdict' }), when)
        return row
      }),
    )
  }
  const say = (text) => { line.textContent = text }
  const time = () => new Date().toISOString().slice(11, 19) + ' UTC'

  function listen() {
    events = new EventSource('/v1/events')
    events.addEventListener('live', ({ data }) => {
      const { rows: changed, verdicts: list, trouble } = JSON.parse(data)
      if (changed) changeRows(changed)
      if (list) changeVerdicts(list)
      say(trouble || 'live, changed at ' + time())
    })
    events.addEventListener('error', () => say('not connected since ' + time() + '; trying again'))
  }
  pause.hidden = false
  pause.addEventListener('click', () => {
    isPaused = !isPaused
    pause.setAttribute('aria-pressed', String(isPaused))
    pause.textContent = isPaused ? 'Go on' : 'Pause'
    if (isPaused) {
      events.close()
      say('paused at ' + time())
    } else listen()
  })
  listen()
}
