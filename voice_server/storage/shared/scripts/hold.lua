-- Takes or renews a lease. KEYS[1] its holder. ARGV: holder, milliseconds, 1 if it may be taken when nobody has it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] or not holder and ARGV[3] ~= '1' then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
