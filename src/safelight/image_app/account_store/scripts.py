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

_KEEP = """
local function keep(family, token, expires_at)
    redis.call('HSET', KEYS[1], 'unspent', token, 'expires_at', expires_at)
    redis.call('PEXPIREAT', KEYS[1], expires_at)
    redis.call('SET', KEYS[2], family, 'PXAT', expires_at)
end
"""

REPLACE_HASH = """
-- KEYS: account. ARGV: the old hash, the new one, a new era or nothing.
if redis.call('HGET', KEYS[1], 'password_hash') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'password_hash', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'era', ARGV[3]) end
return 1
"""
"""Whether it was the old one. With a new era whatever opened the account has ended."""

REMOVE = """
-- KEYS: account, then its names. ARGV: id.
for i = 2, #KEYS do
    if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
redis.call('DEL', KEYS[1])
"""

BEGIN_SESSION = (
    _KEEP
    + """
-- KEYS: session, token, account. ARGV: account, family, the token's hash, when it expires, the
-- password hash that was verified.
local hashed, era = unpack(redis.call('HMGET', KEYS[3], 'password_hash', 'era'))
if hashed ~= ARGV[5] then return 0 end
redis.call('HSET', KEYS[1], 'account', ARGV[1], 'era', era or '')
keep(ARGV[2], ARGV[3], ARGV[4])
return 1
"""
)

ROTATE = (
    _KEEP
    + """
-- KEYS: session, new token, account. ARGV: family, old hash, now, new hash, when the new one
-- expires.
local account, begun, unspent, expires_at =
    unpack(redis.call('HMGET', KEYS[1], 'account', 'era', 'unspent', 'expires_at'))
if not unspent then return false end
local era = redis.call('HGET', KEYS[3], 'era')
local is_over = redis.call('EXISTS', KEYS[3]) == 0 or (era or '') ~= (begun or '')
if is_over or unspent ~= ARGV[2] then
    redis.call('DEL', KEYS[1])
    return false
end
if tonumber(expires_at) <= tonumber(ARGV[3]) then return false end
keep(ARGV[1], ARGV[4], ARGV[5])
return account
"""
)
"""The account, or nothing. A token of a session that is not its unspent one was spent before."""
