// Signs in, and has a one-time password replaced.
const signIn = document.getElementById("sign-in");
const choose = document.getElementById("choose");
const told = document.getElementById("told");

async function post(path, body) {
  told.textContent = "";
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    told.textContent = answer.detail ?? response.statusText;
    return null;
  }
  return answer;
}

signIn.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(signIn);
  const answer = await post("/api/login", { name: form.get("name"), password: form.get("password") });
  if (answer === null) {
    return;
  }
  if (answer.must_change) {
    signIn.hidden = true;
    choose.hidden = false;
    choose.elements.new.focus();
  } else {
    location.assign("/");
  }
});

choose.addEventListener("submit", async (event) => {
  event.preventDefault();
  const old = new FormData(signIn).get("password");
  const answer = await post("/api/password", { old, new: new FormData(choose).get("new") });
  if (answer !== null) {
    location.assign("/");
  }
});
