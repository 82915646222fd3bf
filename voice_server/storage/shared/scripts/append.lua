-- Adds lines to the log of a session. KEYS: the lines by their number, the newest epoch.
-- ARGV: epoch, milliseconds to keep it, the most lines to keep, first number, line, line, …
-- Gives -1, or the newest epoch if the writer's is older.
local newest = tonumber(redis.call('GET', KEYS[2]) or 0)
if tonumber(ARGV[1]) < newest then
  return newest
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
for i = 5, #ARGV do
  local number = string.format('%.0f', ARGV[4] + i - 5)
  if redis.call('ZCOUNT', KEYS[1], number, number) == 0 then
    redis.call('ZADD', KEYS[1], number, number .. ':' .. ARGV[i])
  end
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return -1
