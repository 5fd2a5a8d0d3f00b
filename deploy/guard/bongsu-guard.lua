-- Asks the edge about a request: `http-request lua.bongsu_guard <application>`. HAProxy 2.6 or newer.
--
-- Sets txn.bongsu_status: "ok", the status to refuse with, or "down" when the edge does not answer; and
-- txn.bongsu_location, txn.bongsu_retry_after, txn.bongsu_cookie where they apply.

local guard = os.getenv("BONGSU_GUARD") or "http://127.0.0.1:7070"
local asked = { "cookie", "user-agent" }

local function first(headers, name)
  local values = headers[name]
  return values and values[0]
end

core.register_action("bongsu_guard", { "http-req" }, function(txn, app)
  local client = txn.http:req_get_headers()
  local headers = {
    ["x-original-uri"] = { txn.sf:pathq() },
    ["x-original-method"] = { txn.sf:method() },
    ["x-real-ip"] = { txn.sf:src() },
  }
  for _, name in ipairs(asked) do
    local value = first(client, name)
    if value then
      headers[name] = { value }
    end
  end
  local url = guard .. "/guard/nginx?app=" .. app
  local response = core.httpclient():get({ url = url, headers = headers, timeout = 300 })
  local status = "down"
  if response and response.status == 200 then
    status = "ok"
    local cookie = response.headers and first(response.headers, "set-cookie")
    if cookie then
      txn:set_var("txn.bongsu_cookie", cookie)
    end
  elseif response and response.status == 403 then
    status = first(response.headers, "x-bongsu-status") or "403"
    local location = first(response.headers, "x-bongsu-location")
    if location then
      txn:set_var("txn.bongsu_location", location)
    end
    local wait = first(response.headers, "x-bongsu-retry-after")
    if wait then
      txn:set_var("txn.bongsu_retry_after", wait)
    end
  end
  txn:set_var("txn.bongsu_status", status)
end, 1)
