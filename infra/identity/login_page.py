"""`GET /login`: a page to log in with by hand. It posts to its own address and keeps nothing but the cookie."""

LOGIN_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Innkeep: log in</title>
<style>
  body { font: 16px/1.5 system-ui; max-width: 22rem; margin: 4rem auto; padding: 0 1rem }
  label { display: block; margin: .8rem 0 }
  input { display: block; width: 100%; box-sizing: border-box; padding: .4rem; font: inherit }
  button { padding: .4rem 1rem; font: inherit }
  output { display: block; margin-top: 1rem; overflow-wrap: anywhere }
</style>
<h1>Innkeep</h1>
<form>
  <label>E-mail <input name="username" type="email" autocomplete="username" required autofocus></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  <button>Log in</button>
  <output role="status"></output>
</form>
<script>
  document.forms[0].addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target, said = form.querySelector("output");
    const answer = await fetch(location.pathname, {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    const body = await answer.json();
    said.textContent = answer.ok ? `Logged in as ${body.fullname} (${body.roleId}).` : body.message;
  });
</script>
</html>
"""
