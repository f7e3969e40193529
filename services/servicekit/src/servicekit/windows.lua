-- Counts on each limit in turn, up to the first that is full.
-- KEYS: one per limit. ARGV, for each: the most in a window, the window in ms, how many are wanted (1 will do).
-- A key holds "now earlier", the counts of its window and of the one before. It lives for what is left of its window and
-- one window more, so its time to live says where in the window we are. Of the earlier count as much weighs as still
-- lies within one window from here.
-- Answer: what was taken of each, and of the one that is full {earlier, ms left of its window}, else {}.
local taken = {}
for place, key in ipairs(KEYS) do
  local most, window, wanted = tonumber(ARGV[place * 3 - 2]), tonumber(ARGV[place * 3 - 1]), tonumber(ARGV[place * 3])
  local now, earlier, left = 0, 0, window
  local ttl = redis.call('PTTL', key)
  -- A key that lives for ever, or longer than any of ours, would hold its counts for as long: the server's clock was set
  -- back, or somebody else wrote it. It is begun anew.
  if ttl > 0 and ttl <= 2 * window then
    local first, second = string.match(redis.call('GET', key), '^(%d+) (%d+)$')
    now, earlier, left = tonumber(first) or 0, tonumber(second) or 0, ttl - window
    if left <= 0 then
      now, earlier, left = 0, now, left + window
    end
  end
  local room = most - now - math.floor(earlier * left / window)
  if room < 1 then
    return {taken, {earlier, left}}
  end
  taken[place] = room < wanted and 1 or wanted
  redis.call('SET', key, now + taken[place] .. ' ' .. earlier, 'PX', left + window)
end
return {taken, {}}
