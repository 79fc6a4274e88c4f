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
