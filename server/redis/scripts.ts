/**
 * What is to happen in Redis whole or not at all, as Lua. Each can be sent twice (a connection may break before the answer comes) and does its work once.
 * All keys begin with KEYS[1], which carries a hash tag: a cluster keeps them together.
 *
 *     runs            sorted set: runs by the order in which they were accepted
 *     events:RUN      list: what happened to a run, as JSON
 *     states:RUN      hash: its states by their steps
 *     state           hash: waiting, taken or ended, by run
 *     by, lane        hashes: whose a run is, and where it waits
 *     waiting:LANE    list: runs that wait, in the order in which they were accepted
 *     first:LANE      list: runs that were handed back or left, taken before all others
 *     served:LANE     hash: the turn in which a person was served last; turn:LANE counts them
 *     held            set: runs that let others go by
 *     fence           hash: grows whenever a run is taken; nobody with a smaller number writes
 *     taken           hash: the run that was taken with a ticket
 *     cancel          set: runs that somebody wants stopped while they are worked on
 *     feed            stream: all that happens, for those who follow
 */

const TELL = `
local p = KEYS[1]
local function feed(run, seq, event)
  redis.call('XADD', p .. 'feed', 'MAXLEN', '~', 20000, '*', 'run', run, 'seq', seq, 'event', event)
end
local function moved()
  redis.call('XADD', p .. 'feed', 'MAXLEN', '~', 20000, '*', 'queue', '1')
end
local function append(run, event)
  local length = redis.call('RPUSH', p .. 'events:' .. run, event)
  feed(run, length - 1, event)
end
`;

/** run, by, lane, event, limit of one person, limit of all, step and state or nothing. 'yours' or 'all' where that many wait. */
export const ACCEPT = `${TELL}
local run, by, lane, event = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('ZSCORE', p .. 'runs', run) then return 'ok' end
local all, yours = 0, 0
for _, name in ipairs({'long', 'short'}) do
  all = all + redis.call('LLEN', p .. 'first:' .. name)
  for _, other in ipairs(redis.call('LRANGE', p .. 'waiting:' .. name, 0, -1)) do
    all = all + 1
    if redis.call('HGET', p .. 'by', other) == by then yours = yours + 1 end
  end
end
if yours >= tonumber(ARGV[5]) then return 'yours' end
if all >= tonumber(ARGV[6]) then return 'all' end
redis.call('ZADD', p .. 'runs', redis.call('INCR', p .. 'accepted'), run)
redis.call('HSET', p .. 'by', run, by)
redis.call('HSET', p .. 'lane', run, lane)
redis.call('HSET', p .. 'state', run, 'waiting')
if ARGV[7] then redis.call('HSET', p .. 'states:' .. run, ARGV[7], ARGV[8]) end
redis.call('RPUSH', p .. 'waiting:' .. lane, run)
append(run, event)
moved()
return 'ok'`;

/** lane, ticket. The run that is next, people in turn, and its number; the same again for a ticket that has one. */
export const TAKE = `${TELL}
local lane, ticket = ARGV[1], ARGV[2]
local run = redis.call('HGET', p .. 'taken', ticket)
if not run then
  run = redis.call('LPOP', p .. 'first:' .. lane)
  if not run then
    local best
    for _, one in ipairs(redis.call('LRANGE', p .. 'waiting:' .. lane, 0, -1)) do
      if redis.call('SISMEMBER', p .. 'held', one) == 0 then
        local turn = tonumber(redis.call('HGET', p .. 'served:' .. lane, redis.call('HGET', p .. 'by', one)) or 0)
        if not best or turn < best then run, best = one, turn end
      end
    end
    if not run then return false end
    redis.call('LREM', p .. 'waiting:' .. lane, 1, run)
    if redis.call('LLEN', p .. 'waiting:' .. lane) == 0 then redis.call('DEL', p .. 'served:' .. lane) end
    redis.call('HSET', p .. 'served:' .. lane, redis.call('HGET', p .. 'by', run), redis.call('INCR', p .. 'turn:' .. lane))
  end
  redis.call('HSET', p .. 'taken', ticket, run)
end
if redis.call('HGET', p .. 'state', run) == 'waiting' then redis.call('HSET', p .. 'state', run, 'taken') end
moved()
return {run, redis.call('HINCRBY', p .. 'fence', run, 1)}`;

const FENCED = `
if redis.call('HGET', p .. 'fence', ARGV[1]) ~= ARGV[2] then return 0 end
`;

/** run, number, place among its events, event, '1' where that ends it. 0 where another has taken it over. */
export const APPEND = `${TELL}${FENCED}
local run = ARGV[1]
if redis.call('LLEN', p .. 'events:' .. run) > tonumber(ARGV[3]) then return 1 end
append(run, ARGV[4])
if ARGV[5] == '1' then
  redis.call('HSET', p .. 'state', run, 'ended')
  redis.call('SREM', p .. 'cancel', run)
end
return 1`;

/** run, number, step, state. 0 where another has taken it over. */
export const KEEP = `${TELL}${FENCED}
redis.call('HSET', p .. 'states:' .. ARGV[1], ARGV[3], ARGV[4])
return 1`;

/** run, number, steps. 0 where another has taken it over. */
export const DROP = `${TELL}${FENCED}
for i = 3, #ARGV do redis.call('HDEL', p .. 'states:' .. ARGV[1], ARGV[i]) end
return 1`;

/** run, number. 0 where another has taken it over, 2 where somebody wants it stopped. */
export const HOLDS = `${TELL}${FENCED}
return 1 + redis.call('SISMEMBER', p .. 'cancel', ARGV[1])`;

/** run, number, ticket, lane. The ticket's run is nobody's any more; one that has not ended is taken first by the next. Whether it is. */
export const RELEASE = `${TELL}
if redis.call('HGET', p .. 'taken', ARGV[3]) == ARGV[1] and redis.call('HGET', p .. 'fence', ARGV[1]) == ARGV[2] then
  redis.call('HDEL', p .. 'taken', ARGV[3])
  if redis.call('HGET', p .. 'state', ARGV[1]) == 'taken' then
    redis.call('HSET', p .. 'state', ARGV[1], 'waiting')
    redis.call('LPUSH', p .. 'first:' .. ARGV[4], ARGV[1])
    moved()
    return 1
  end
end
return 0`;

/** ticket, run, lane. A run whose ticket is gone is taken first by the next. */
export const LEFT = `${TELL}
if redis.call('HGET', p .. 'taken', ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', p .. 'taken', ARGV[1])
if redis.call('HGET', p .. 'state', ARGV[2]) ~= 'taken' then return 0 end
redis.call('HSET', p .. 'state', ARGV[2], 'waiting')
redis.call('HINCRBY', p .. 'fence', ARGV[2], 1)
redis.call('LPUSH', p .. 'first:' .. ARGV[3], ARGV[2])
moved()
return 1`;

/** run, event that ends it. 'ended' for one that waited, 'asked' where somebody works on it, and is to look. */
export const CANCEL = `${TELL}
local run = ARGV[1]
local state, lane = redis.call('HGET', p .. 'state', run), redis.call('HGET', p .. 'lane', run)
if state == 'taken' then
  redis.call('SADD', p .. 'cancel', run)
  return 'asked'
end
if state ~= 'waiting' then return 'over' end
redis.call('LREM', p .. 'waiting:' .. lane, 0, run)
redis.call('LREM', p .. 'first:' .. lane, 0, run)
redis.call('SREM', p .. 'held', run)
redis.call('HSET', p .. 'state', run, 'ended')
append(run, ARGV[2])
moved()
return 'ended'`;

/** run, '1' or '0', event. The lane where it waits, and 1 where that changed something; or nothing. */
export const HOLD = `${TELL}
local run = ARGV[1]
local lane = redis.call('HGET', p .. 'lane', run)
if not lane or not redis.call('LPOS', p .. 'waiting:' .. lane, run) then return false end
local changed = redis.call(ARGV[2] == '1' and 'SADD' or 'SREM', p .. 'held', run)
if changed == 1 then
  append(run, ARGV[3])
  moved()
end
return {lane, changed}`;

/** run. Before all that the same person has waiting. Whether it waits. */
export const MOVE_UP = `${TELL}
local run = ARGV[1]
local lane = redis.call('HGET', p .. 'lane', run)
if not lane then return 0 end
local list = p .. 'waiting:' .. lane
if not redis.call('LPOS', list, run) then return 0 end
for _, other in ipairs(redis.call('LRANGE', list, 0, -1)) do
  if other == run then return 1 end
  if redis.call('HGET', p .. 'by', other) == redis.call('HGET', p .. 'by', run) then
    redis.call('LREM', list, 1, run)
    redis.call('LINSERT', list, 'BEFORE', other, run)
    moved()
    return 1
  end
end
return 0`;

/** run. All that is known of it goes, unless it waits or somebody works on it. */
export const FORGET = `${TELL}
local run = ARGV[1]
local state = redis.call('HGET', p .. 'state', run)
if state == 'waiting' or state == 'taken' then return 0 end
redis.call('DEL', p .. 'events:' .. run, p .. 'states:' .. run, p .. 'frame:' .. run)
for _, name in ipairs({'by', 'lane', 'state', 'fence'}) do redis.call('HDEL', p .. name, run) end
if redis.call('ZREM', p .. 'runs', run) == 1 then
  redis.call('XADD', p .. 'feed', 'MAXLEN', '~', 20000, '*', 'gone', run)
end
return 1`;
