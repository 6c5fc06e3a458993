"""What has to happen in Redis in one step. Every key that a script touches is given to it."""

ADD = """
-- KEYS: account, username, email. ARGV: id, then fields and values.
if redis.call('EXISTS', KEYS[2]) == 1 then return 'username' end
if redis.call('EXISTS', KEYS[3]) == 1 then return 'email' end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return false
"""
"""Which name is taken, or nothing: then the account is there."""

ADD_KEY = """
-- KEYS: account, its keys, key. ARGV: how many it may have, id, hash, then fields and values.
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local era = redis.call('HGET', KEYS[1], 'era') or ''
if redis.call('HGET', KEYS[2], 'era') ~= era then redis.call('DEL', KEYS[2]) end
if redis.call('HLEN', KEYS[2]) > tonumber(ARGV[1]) then return 'many' end
redis.call('HSET', KEYS[2], 'era', era, ARGV[2], ARGV[3])
redis.call('HSET', KEYS[3], 'era', era, unpack(ARGV, 4))
return false
"""
"""Why it may not have one more, or nothing: then the key is there."""

_KEEP = """
local function keep(family, token, expires_at)
    redis.call('HSET', KEYS[1], 'unspent', token, 'expires_at', expires_at)
    redis.call('PEXPIREAT', KEYS[1], expires_at)
    redis.call('SET', KEYS[2], family, 'PXAT', expires_at)
end
"""

BEGIN_SESSION = (
    _KEEP
    + """
-- KEYS: session, token. ARGV: account, family, the token's hash, when it expires.
redis.call('HSET', KEYS[1], 'account', ARGV[1])
keep(ARGV[2], ARGV[3], ARGV[4])
"""
)

ROTATE = (
    _KEEP
    + """
-- KEYS: session, new token. ARGV: family, old hash, now, new hash, when the new one expires.
local account, unspent, expires_at =
    unpack(redis.call('HMGET', KEYS[1], 'account', 'unspent', 'expires_at'))
if not unspent then return false end
if unspent ~= ARGV[2] then
    redis.call('DEL', KEYS[1])
    return false
end
if tonumber(expires_at) <= tonumber(ARGV[3]) then return false end
keep(ARGV[1], ARGV[4], ARGV[5])
return account
"""
)
"""The account, or nothing. A token of a session that is not its unspent one was spent before."""
