package main

import (
	"net/url"
	"strings"
	"testing"
)

// focusScript tells what has the focus, and, on further lines, what is wrong with how that shows.
const focusScript = `(() => {
  const focused = document.activeElement, style = getComputedStyle(focused), box = focused.getBoundingClientRect();
  const name = (focused.labels?.[0] ?? focused).textContent.trim();
  if (focused === document.body) return "";
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return name + "\nno outline shows it";
  if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) return name + "\nit is out of sight";
  return name;
})()`

// faultScript lists what is wrong with a page for people who read it with little sight, with a keyboard or on a telephone.
const faultScript = `(() => {
  const faults = [], root = document.documentElement, all = selector => [...document.querySelectorAll(selector)];
  const shown = element => element.getClientRects().length > 0 && element.getBoundingClientRect().right > 0;
  const words = element => element.outerHTML.slice(0, 120);
  if (!root.lang) faults.push("no language");
  if (all("h1").length !== 1) faults.push(all("h1").length + " first headings");
  else if (!document.title.startsWith(all("h1")[0].textContent.trim())) faults.push("the window has another title: " + document.title);
  if (all("main").length !== 1) faults.push(all("main").length + " main parts");
  all("h1, h2, h3, h4").reduce((level, heading) => {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push("a level is left out before " + words(heading));
    return next;
  }, 0);
  for (const field of all("input:not([type=hidden]), select, textarea"))
    if (!field.labels?.length && !field.ariaLabel) faults.push("no label: " + words(field));
  for (const control of all("a[href], button"))
    if (!control.textContent.trim() && !control.ariaLabel) faults.push("no words: " + words(control));
  const ids = new Set();
  for (const element of all("[id]")) {
    if (ids.has(element.id)) faults.push("the id " + element.id + " is there twice");
    ids.add(element.id);
  }
  for (const name of ["for", "aria-describedby", "aria-labelledby"])
    for (const element of all("[" + name + "]"))
      for (const id of element.getAttribute(name).split(" "))
        if (!ids.has(id)) faults.push("nothing has the id " + id + " of " + words(element));
  if (root.scrollWidth > root.clientWidth) {
    const wide = all("body *:not(pre *, .scroll *)").filter(e => e.getBoundingClientRect().right >= root.scrollWidth - 1).pop();
    faults.push("scrolls sideways: " + root.scrollWidth + " in " + root.clientWidth + ", for " + (wide ? words(wide) : "something"));
  }
  for (const target of all("button, input:not([type=hidden]), .button, header a, footer a").filter(shown)) {
    const box = target.getBoundingClientRect();
    if (box.height < 24 || box.width < 24) faults.push("smaller than 24 by 24: " + words(target));
    if (box.right > root.clientWidth + 0.5) faults.push("out of the window: " + words(target));
  }
  const parts = colour => colour.match(/[\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = parts(colour).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = new Map([[null, "rgb(255, 255, 255)"]]);
  const behind = element => {
    if (!grounds.has(element)) {
      const colour = getComputedStyle(element).backgroundColor;
      grounds.set(element, (parts(colour)[3] ?? 1) === 1 ? colour : behind(element.parentElement));
    }
    return grounds.get(element);
  };
  for (const element of all("body *").filter(shown)) {
    if (![...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push("contrast " + ratio.toFixed(2) + ": " + words(element));
  }
  return faults.join("\n");
})()`

// darkScript tells whether the page has a dark ground.
const darkScript = `(() => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
  return r + g + b < 150 ? "dark" : "light";
})()`

// look is how somebody looks at a page.
type look struct {
	name, scheme string
	width        int64
}

// looks are light and dark colours, on a wide and on a narrow screen.
var looks = []look{{"light", "light", 1280}, {"dark", "dark", 1280}, {"narrow", "light", 320}, {"narrow-dark", "dark", 320}}

// examine looks at the page as it is now.
func (at *tab) examine(name string, looks ...look) {
	at.Helper()
	for _, look := range looks {
		at.look(look.width, look.scheme)
		if faults := at.script(faultScript); faults != "" {
			at.Errorf("%s, %s, has faults:\n%s", name, look.name, faults)
		}
		if ground := at.script(darkScript); ground != look.scheme {
			at.Errorf("%s has a %s ground where people prefer %s", name, ground, look.scheme)
		}
		at.picture(name + "-" + look.name)
	}
	at.look(1280, "light")
}

// clean checks that the browser had nothing to say against the pages, and that nothing was loaded from elsewhere. Documents may
// come from the allowed addresses, too.
func (at *tab) clean(allowed ...string) {
	at.Helper()
	at.mu.Lock()
	defer at.mu.Unlock()
	for _, complaint := range at.complaints {
		at.Errorf("the browser complains: %s", complaint)
	}
	allowed = append(allowed, at.home)
	for _, address := range at.loaded {
		if !strings.HasPrefix(address, at.home+"/") {
			at.Errorf("a page has loaded %s", address)
		}
	}
	for _, address := range at.asked {
		if !oneOf(address, allowed) {
			at.Errorf("the browser was led to %s", address)
		}
	}
}

func oneOf(address string, origins []string) bool {
	u, err := url.Parse(address)
	for _, origin := range origins {
		if err == nil && u.Scheme+"://"+u.Host == origin {
			return true
		}
	}
	return false
}

// pagesOfSignIn looks at each page that people meet on their way in and out.
func pagesOfSignIn(t *testing.T, b *browser, s *started) {
	at := b.open(t, s.URL)
	for _, page := range []struct {
		name, path string
		status     int64
	}{
		{"sign-in", "/sign-in?returnTo=%2Faccount", 200},
		{"sign-in-signed-out", "/sign-in?signedOut", 200},
		{"local", "/sign-in/local", 200},
		{"link", s.link(t, "page", ""), 200},
		{"problem", "/sign-in/callback?state=unknown&code=unknown", 401},
	} {
		if status := at.visit(page.path); status != page.status {
			t.Errorf("%s: %d, want %d", page.name, status, page.status)
		}
		at.examine(page.name, looks...)
	}
	at.visit("/sign-in/local")
	at.script(`document.querySelector("main form").noValidate = true; ""`)
	at.press("Sign in")
	at.says("Paste the link first.")
	at.examine("local-wrong", looks...)

	at.visit(s.link(t, "page", "/account"))
	at.press("Sign in")
	at.is("/account")
	at.examine("account", looks...)
	at.visit("/sign-out")
	at.examine("sign-out", looks...)
	at.clean()
}

// pagesOfHelp looks at the pages that each page leads to. They are long, so two looks must do.
func pagesOfHelp(t *testing.T, b *browser, s *started) {
	at := b.open(t, s.URL)
	for name, path := range map[string]string{"help": "/docs/api", "reasons": "/docs/errors", "reason": "/docs/errors/SIGN_IN_LINK_INVALID"} {
		at.visit(path)
		at.examine(name, looks[1], looks[2])
	}
	at.clean()
}

// theWatchWorks makes sure that the browser would complain: a page that breaks its own policy is noticed, and so is a fault.
func theWatchWorks(t *testing.T, b *browser, s *started) {
	at := b.open(t, s.URL)
	at.visit("/sign-in/local")
	at.script(`document.body.setAttribute("style", "color: red"); new Image().src = "http://127.0.0.1:9/"; ""`)
	at.mu.Lock()
	complaints := strings.Join(at.complaints, "\n")
	at.mu.Unlock()
	for _, policy := range []string{"style-src", "img-src"} {
		if !strings.Contains(complaints, policy) {
			t.Errorf("a violation of %s goes unnoticed; the browser says %q", policy, complaints)
		}
	}
	at.script(`document.querySelector("label").remove(); document.querySelector(".lead").id = "secret"; document.documentElement.lang = ""; ""`)
	at.script(`const wide = document.createElement("input"); wide.type = "number"; wide.size = 10; document.querySelector("h1").after(wide); ""`)
	faults := at.script(faultScript)
	for _, fault := range []string{"no language", "no label", "is there twice"} {
		if !strings.Contains(faults, fault) {
			t.Errorf("%q goes unnoticed: %q", fault, faults)
		}
	}
}
