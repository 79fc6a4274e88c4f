/**
 * The three scripts of the index. Redis runs each as a whole: no reader sees the half of what one of them writes.
 *
 * Keys, all with the tag `{namespace}`, so that a cluster keeps them on one node:
 * `prov:{ns}:live` number of the generation that is read · `prov:{ns}:gens` set of those that are written · `prov:{ns}:last` counter ·
 * `prov:{ns}:<g>:t:<term>` sorted set, member `<number> <entry id>`, score = number · `prov:{ns}:<g>:n` hash of members, each with what a
 * search shows · `prov:{ns}:<g>:upto` how far it was found equal to the truth · `prov:{ns}:lease`, `prov:{ns}:walk` of reconcile ·
 * `prov:{ns}:dead` generations that are to be removed.
 */

/** Terms of one entry in a script's arguments: more than any entry that prov writes has. */
export const MOST_TERMS = 100_000

/** How long a reconcile that gives no sign of life keeps others out. */
export const LEASE_MS = 30_000

/** Members that one call of `find` looks at. */
export const MOST_LOOKED = 2_000

/**
 * KEYS[1] prefix · ARGV: lease ('' for the worker, which needs none), generation ('' for all that are written), what reconcile has to remember
 * ('' for nothing), then for each member: `a` add, `d` delete from these terms, `x` delete from these terms and its summary; member, score,
 * summary, count of terms, terms. Gives the numbers of the generations that were written. A generation is made where there is none yet.
 */
const LIVE = `
local p, lease, only, walk = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
if lease ~= '' and redis.call('GET', p .. 'lease') ~= lease then return redis.error_reply('LEASE lost') end
if only ~= '' and redis.call('SISMEMBER', p .. 'gens', only) == 0 then return redis.error_reply('GENERATION lost') end
if lease ~= '' then redis.call('PEXPIRE', p .. 'lease', ${LEASE_MS}) end
local gens = {only}
if only == '' then
  if #ARGV > 3 and redis.call('EXISTS', p .. 'live') == 0 then
    local g = redis.call('INCR', p .. 'last')
    redis.call('SET', p .. 'live', g)
    redis.call('SADD', p .. 'gens', g)
  end
  gens = redis.call('SMEMBERS', p .. 'gens')
end
local at = 4
while at <= #ARGV do
  local op, member, score, summary, n = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  for _, g in ipairs(gens) do
    local t = p .. g .. ':t:'
    for i = at + 5, at + 4 + n do
      if op == 'a' then redis.call('ZADD', t .. ARGV[i], score, member) else redis.call('ZREM', t .. ARGV[i], member) end
    end
    if op == 'a' then redis.call('HSET', p .. g .. ':n', member, summary) end
    if op == 'x' then redis.call('HDEL', p .. g .. ':n', member) end
  end
  at = at + 5 + n
end
if walk ~= '' then redis.call('SET', p .. 'walk', walk) end
return gens
`

/**
 * KEYS[1] prefix · ARGV: number after which, '(' before it; how many at most; terms. Gives the generation ('' for none), how far it was found
 * equal to the truth, where the next look goes on ('' at the end), then member and summary of each hit. Looks at ${MOST_LOOKED} members.
 */
const FIND = `
local p, from, limit = KEYS[1], ARGV[1], tonumber(ARGV[2])
local g = redis.call('GET', p .. 'live')
if not g then return {'', '', ''} end
local t = p .. g .. ':t:'
local least, size = nil, nil
for i = 3, #ARGV do
  local n = redis.call('ZCARD', t .. ARGV[i])
  if not size or n < size then least, size = i, n end
end
local out = {g, redis.call('GET', p .. g .. ':upto') or '', ''}
local looked, found = 0, 0
while looked < ${MOST_LOOKED} and found < limit do
  local part = redis.call('ZRANGEBYSCORE', t .. ARGV[least], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 100)
  if #part == 0 then return out end
  for i = 1, #part, 2 do
    local hit = true
    for j = 3, #ARGV do
      if j ~= least and not redis.call('ZSCORE', t .. ARGV[j], part[i]) then hit = false break end
    end
    looked = looked + 1
    from = '(' .. part[i + 1]
    if hit then
      found = found + 1
      out[#out + 1] = part[i]
      out[#out + 1] = redis.call('HGET', p .. g .. ':n', part[i]) or ''
      if found == limit then break end
    end
  end
end
out[3] = from
return out
`

/** KEYS[1] prefix · ARGV: lease, generation. Readers go on with it from now on; writers forget the others. Gives those. */
const SWITCH = `
local p, lease, g = KEYS[1], ARGV[1], ARGV[2]
if redis.call('GET', p .. 'lease') ~= lease then return redis.error_reply('LEASE lost') end
if redis.call('SISMEMBER', p .. 'gens', g) == 0 then return redis.error_reply('GENERATION lost') end
local others = {}
for _, one in ipairs(redis.call('SMEMBERS', p .. 'gens')) do
  if one ~= g then
    others[#others + 1] = one
    redis.call('SADD', p .. 'dead', one)
    redis.call('SREM', p .. 'gens', one)
  end
end
redis.call('SET', p .. 'live', g)
redis.call('DEL', p .. 'walk')
return others
`

export const SCRIPTS = { live: LIVE, find: FIND, switch: SWITCH } as const

export type ScriptName = keyof typeof SCRIPTS
