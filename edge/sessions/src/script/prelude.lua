-- What a script sees: built once per machine from the standard libraries and `native`, the part that is
-- Rust. Nothing a script can reach may be changed by it; whatever it gets that is new is gone after its run.
local native = ...
local told = native.told
local error, type, rawset, rawget, tostring, select = error, type, rawset, rawget, tostring, select
local next, pairs, pcall, xpcall, unpack = next, pairs, pcall, xpcall, unpack
local getmetatable, setmetatable, setfenv = getmetatable, setmetatable, setfenv
local insert, remove, concat = table.insert, table.remove, table.concat
local byte, sub, floor = string.byte, string.sub, math.floor

-- Protected tables -------------------------------------------------------------------------------------
-- A protected table is an empty one in front of `contents`; the name in its metatable leads back to them.
local READONLY = "Attempt to modify a readonly table"
local contents = {}

local function refuse() error(READONLY, 2) end

local function protect(name, table)
  name = "protected " .. name
  contents[name] = table
  return setmetatable({}, { __index = table, __newindex = refuse, __metatable = name })
end

local function behind(table)
  local name = getmetatable(table)
  return type(name) == "string" and contents[name] or nil
end

local base = {}
contents["protected globals"] = base
local environment = setmetatable({}, { __index = base, __newindex = refuse, __metatable = "protected globals" })
base._G = environment
setmetatable(base, { __index = function(_, name)
  error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
end })

-- Errors -----------------------------------------------------------------------------------------------
-- As in Redis: an error of a command that `pcall` caught is its text, elsewhere a table with a field `err`.
local function shown(failure)
  if type(failure) ~= "userdata" then return failure end
  local text, is_reply = told(failure)
  if is_reply then return { err = text } end
  return text or failure
end

local function caught(ok, failure, ...)
  if ok then return ok, failure, ... end
  failure = shown(failure)
  if type(failure) == "table" then failure = rawget(failure, "err") end
  return ok, failure
end

local function resumed(ok, failure, ...)
  if ok then return ok, failure, ... end
  return ok, shown(failure)
end

-- Wraps what ended a script with where that was. What is not for scripts stays as it is.
local function ended(failure)
  failure = shown(failure)
  if type(failure) == "table" then
    failure = rawget(failure, "err")
    if type(failure) ~= "string" then failure = "ERR unknown error" end
  elseif type(failure) ~= "userdata" then
    failure = "ERR " .. tostring(failure)
  end
  return { failure, native.position() }
end

-- Basic functions --------------------------------------------------------------------------------------
for _, name in pairs({ "assert", "error", "ipairs", "rawequal", "select", "setmetatable", "tonumber",
  "tostring", "type", "gcinfo", "getmetatable", "_VERSION" }) do
  base[name] = _G[name]
end

function base.pcall(...) return caught(pcall(...)) end
-- What raises that time is up is Lua's hook, and nothing interrupts a handler that runs inside it.
function base.xpcall(f, handler)
  return xpcall(f, function(failure)
    if native.is_over() then return failure end
    return handler(shown(failure))
  end)
end

function base.rawset(table, ...)
  if behind(table) then error(READONLY, 0) end
  return rawset(table, ...)
end

function base.rawget(table, ...)
  return rawget(behind(table) or table, ...)
end

function base.setmetatable(table, ...)
  if behind(table) then error(READONLY, 0) end
  return setmetatable(table, ...)
end

function base.next(table, ...)
  return next(behind(table) or table, ...)
end

function base.pairs(table)
  local inner = behind(table)
  if not inner then return pairs(table) end
  return function(_, key) return next(inner, key) end, table
end

-- The C function believes any count of results that overflows.
function base.unpack(list, from, to)
  local first, last = from or 1, to
  if type(list) == "table" and last == nil then last = #list end
  if type(first) == "number" and type(last) == "number" and not (last - first < 7900) then
    error("too many results to unpack", 2)
  end
  return unpack(list, from, to)
end

function base.collectgarbage(option)
  if option == "count" then return collectgarbage("count") end
  if option == nil or option == "collect" or option == "step" then return collectgarbage("collect") end
  return 0
end

-- Text only, and in the script's own environment. `name` stays on the stack while it is compiled.
function base.loadstring(text, name)
  name = name or text
  local f, failure = native.compile(text, name)
  if not f then return nil, failure end
  return setfenv(f, environment)
end

function base.load(reader, name)
  local parts = {}
  while true do
    local part = reader()
    if part == nil or part == "" then break end
    parts[#parts + 1] = part
  end
  return base.loadstring(concat(parts), name or "=(load)")
end

-- Libraries --------------------------------------------------------------------------------------------
local function copy(library, names)
  local copied = {}
  for name in (names .. " "):gmatch("(%S+) ") do copied[name] = library[name] end
  return copied
end

local strings = copy(string, "byte char format len sub")
for _, name in pairs({ "find", "lower", "match", "rep", "reverse", "upper" }) do strings[name] = native[name] end

function strings.gmatch(text, pattern)
  native.check(text, pattern)
  local from = 1
  local function step(first, last, ...)
    if not first then
      from = #text + 2
      return nil
    end
    from = last >= first and last + 1 or first + 1
    if select("#", ...) == 0 then return sub(text, first, last) end
    return ...
  end
  return function() return step(native.seek(text, pattern, from, false)) end
end
strings.gfind = strings.gmatch

local function replacement(by, kind, whole, ...)
  local value
  if kind == "function" then
    if select("#", ...) == 0 then value = by(whole) else value = by(...) end
  elseif kind == "table" then
    local key = ...
    if select("#", ...) == 0 then key = whole end
    value = by[key]
  else
    return native.expand(by, whole, ...)
  end
  if not value then return whole end
  if type(value) ~= "string" and type(value) ~= "number" then
    error("invalid replacement value (a " .. type(value) .. ")", 4)
  end
  return value
end

function strings.gsub(text, pattern, by, limit)
  local kind = type(by)
  if kind ~= "string" and kind ~= "number" and kind ~= "function" and kind ~= "table" then
    error("bad argument #3 to 'gsub' (string/function/table expected)", 2)
  end
  native.check(text, pattern)
  text, pattern, limit = tostring(text), tostring(pattern), limit or #text + 1
  local anchored = byte(pattern, 1) == 94
  local parts, count, from = {}, 0, 1
  local function step(first, last, ...)
    if not first then return false end
    count = count + 1
    parts[#parts + 1] = sub(text, from, first - 1)
    parts[#parts + 1] = replacement(by, kind, sub(text, first, last), ...)
    if last >= first then
      from = last + 1
    else
      parts[#parts + 1] = sub(text, first, first)
      from = first + 1
    end
    return not anchored and from <= #text + 1
  end
  while count < limit do
    if not step(native.seek(text, pattern, from, true)) then break end
  end
  parts[#parts + 1] = sub(text, from)
  return concat(parts), count
end

local tables = copy(table, "concat foreach foreachi getn maxn setn sort")

-- The C function shifts, one by one, whatever lies between the end and a position far below zero.
function tables.insert(list, ...)
  if behind(list) then error(READONLY, 0) end
  local position = ...
  if select("#", ...) == 2 and type(position) == "number" and position < 0 then
    error("bad argument #2 to 'insert' (position out of bounds)", 2)
  end
  return insert(list, ...)
end

function tables.remove(list, ...)
  if behind(list) then error(READONLY, 0) end
  return remove(list, ...)
end

local maths = copy(math, "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log "
  .. "log10 max min mod modf pi pow rad sin sinh sqrt tan tanh")
maths.randomseed = native.randomseed

function maths.random(low, high)
  local r = native.random()
  if low == nil then return r end
  if high == nil then low, high = 1, low end
  if type(low) ~= "number" or type(high) ~= "number" then
    error("bad argument #1 to 'random' (number expected)", 2)
  end
  if low > high then error("bad argument #1 to 'random' (interval is empty)", 2) end
  return floor(r * (high - low + 1)) + low
end

-- redis ------------------------------------------------------------------------------------------------
local redis = {
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_AOF = 1, REPL_SLAVE = 2, REPL_REPLICA = 2, REPL_ALL = 3,
  REDIS_VERSION = native.version, REDIS_VERSION_NUM = native.version_number,
}

-- A text without a code gets the general one.
local function failed_reply(text)
  if sub(text, 1, 1) == "-" then text = sub(text, 2) end
  if not native.plain(text, " ") then text = "ERR " .. text end
  return { err = text }
end

function redis.error_reply(...)
  local text = ...
  if select("#", ...) ~= 1 or type(text) ~= "string" then
    return { err = "ERR wrong number or type of arguments" }
  end
  return failed_reply(text)
end

function redis.status_reply(...)
  local text = ...
  if select("#", ...) ~= 1 or type(text) ~= "string" then
    return { err = "ERR wrong number or type of arguments" }
  end
  return { ok = text }
end

for _, name in pairs({ "sha1hex", "log", "setresp", "set_repl", "acl_check_cmd" }) do
  redis[name] = native[name]
end

function redis.replicate_commands() return true end
function redis.breakpoint() return false end
function redis.debug() end

-- All together -----------------------------------------------------------------------------------------
base.string, base.table, base.math = protect("string", strings), protect("table", tables), protect("math", maths)
local coroutines = copy(coroutine, "create running status wrap yield")
function coroutines.resume(...) return resumed(coroutine.resume(...)) end
base.coroutine = protect("coroutine", coroutines)
base.redis = protect("redis", redis)
for _, name in pairs({ "bit", "cjson", "cmsgpack", "struct" }) do
  base[name] = protect(name, native[name])
end
local texts = getmetatable("")
texts.__index, texts.__metatable = strings, protect("text", { __index = base.string })

return function(script, call, pcall, keys, argv)
  redis.call, redis.pcall = call, pcall
  base.KEYS, base.ARGV = keys, argv
  setfenv(script, environment)
  local ok, result = xpcall(script, ended)
  redis.call, redis.pcall, base.KEYS, base.ARGV = nil, nil, nil, nil
  if ok then return true, result end
  if type(result) ~= "table" then return false, result end
  return false, result[1], result[2], result[3]
end
