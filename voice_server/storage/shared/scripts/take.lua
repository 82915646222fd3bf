-- One attempt under a limit, by the generic cell rate algorithm, in whole microseconds of Redis' own clock.
-- KEYS[1] when the attempts granted so far are paid off. ARGV: microseconds from one attempt to the next, limit.
-- Gives 0 if it is granted, else the microseconds to wait.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local window = interval * tonumber(ARGV[2])
local paid_off = tonumber(redis.call('GET', KEYS[1]) or now)
-- The clock of another server that took over may differ: nobody waits longer than a window for that.
paid_off = math.min(math.max(paid_off, now), now + window)
local wait = paid_off + interval - window - now
if wait > 0 then
  return wait
end
paid_off = paid_off + interval
redis.call('SET', KEYS[1], string.format('%.0f', paid_off), 'PX', math.ceil((paid_off - now) / 1000))
return 0
