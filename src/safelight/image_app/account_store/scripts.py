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
-- KEYS: account, its keys, key. ARGV: how many it may have, when who asks has proven it, id, hash,
-- then fields and values.
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local changed = redis.call('HGET', KEYS[1], 'password_changed_at')
if changed and tonumber(ARGV[2]) <= tonumber(changed) then return 'changed' end
if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[1]) then return 'many' end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
redis.call('HSET', KEYS[3], unpack(ARGV, 5))
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

_END_KEYS = """
-- End the API keys of an account: `KEYS` from `first` on are to be all of them.
local function end_keys(index, first)
    local named = {}
    for i = first, #KEYS do named[KEYS[i]] = true end
    for _, hash in ipairs(redis.call('HVALS', index)) do
        if not named['safelight:key:' .. hash] then return false end
    end
    redis.call('DEL', index, unpack(KEYS, first))
    return true
end
"""

AGAIN = -1
"""One more API key was made meanwhile, so nothing was done."""

REPLACE_HASH = """
-- KEYS: account. ARGV: the old hash, the new one.
if redis.call('HGET', KEYS[1], 'password_hash') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'password_hash', ARGV[2])
return 1
"""
"""Whether it was the old one."""

CHANGE_PASSWORD = (
    _END_KEYS
    + """
-- KEYS: account, its keys, each key. ARGV: the old hash, the new one, a new era, now.
if redis.call('HGET', KEYS[1], 'password_hash') ~= ARGV[1] then return 0 end
if not end_keys(KEYS[2], 3) then return -1 end
redis.call('HSET', KEYS[1], 'password_hash', ARGV[2], 'era', ARGV[3],
    'password_changed_at', ARGV[4])
return 1
"""
)
"""Whether it was the old one: then whatever opened the account has ended. Or `AGAIN`."""

REMOVE = (
    _END_KEYS
    + """
-- KEYS: account, its keys, its two names, each key. ARGV: id.
if not end_keys(KEYS[2], 5) then return -1 end
for i = 3, 4 do
    if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
redis.call('DEL', KEYS[1])
return 1
"""
)
"""1, or `AGAIN`."""

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
