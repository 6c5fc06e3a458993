"""What the cache's server runs, each whole or not at all.

The keys are made here and not handed over, since they depend on the epoch: one server, or one
with replicas, is meant, not a cluster.
"""

_PLACES = """
local epoch = redis.call('GET', 'safelight:cache:epoch') or ''
local scope = ARGV[1]
local place = 'safelight:cache:' .. epoch .. ':' .. scope
local function is_held()
  local now = tonumber(redis.call('TIME')[1])
  redis.call('ZREMRANGEBYSCORE', place .. ':holds', '-inf', now)
  return redis.call('EXISTS', place .. ':holds') == 1
end
"""

GET = (
    _PLACES
    + """
if is_held() then return {'', false} end
local generation = redis.call('GET', place)
if not generation then
  generation = ARGV[3]
  redis.call('SET', place, generation, 'EX', 3600)
end
return {generation, redis.call('GET', place .. ':' .. generation .. ':' .. ARGV[2])}
"""
)
"""scope, question, a new generation -> ticket, answer"""

KEEP = (
    _PLACES
    + """
if is_held() or redis.call('GET', place) ~= ARGV[3] then return end
redis.call('SET', place .. ':' .. ARGV[3] .. ':' .. ARGV[2], ARGV[4], 'EX', ARGV[5])
"""
)
"""scope, question, ticket, answer, seconds"""

HOLD = (
    _PLACES
    + """
redis.call('ZADD', place .. ':holds', tonumber(redis.call('TIME')[1]) + 60, ARGV[2])
redis.call('EXPIRE', place .. ':holds', 120)
redis.call('DEL', place)
"""
)
"""scope, hold. The generation goes as well: it may outlive the hold of somebody who died."""

RELEASE = (
    _PLACES
    + """
redis.call('ZREM', place .. ':holds', ARGV[2])
redis.call('SET', place, ARGV[3], 'EX', 3600)
"""
)
"""scope, hold, a new generation"""

NEW_EPOCH = "return redis.call('SET', 'safelight:cache:epoch', ARGV[1])"
