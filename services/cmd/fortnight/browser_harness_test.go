package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	// browserPatience bounds a case as a whole; only a failing one waits it out.
	browserPatience = 60 * time.Second
	// needBrowser is the variable that makes a missing browser a failure, as on the build machine. It does not begin with
	// FORTNIGHT_, because the program takes such a variable for a mistyped setting.
	needBrowser = "NEED_BROWSER"
	// screenshots is the variable that names a directory to put a picture of each page in.
	screenshots = "BROWSER_SCREENSHOTS"
)

// browser is one Chromium for all cases, which each see it as a browser of their own.
type browser struct{ ctx context.Context }

// newBrowser starts Chromium until the test ends. Where there is none the test is skipped, and on the build machine it fails.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("CHROMIUM_BIN"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	switch {
	case path != "":
	case os.Getenv("CI") == "true" || os.Getenv(needBrowser) != "":
		t.Fatal("Chromium is needed and was not found (CHROMIUM_BIN, PATH)")
	default:
		t.Skip("SKIPPED: no Chromium (CHROMIUM_BIN, PATH)")
	}
	allocator, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.DisableGPU,
		chromedp.NoSandbox, // the sandbox does not work for root, and the pages are our own
		// Nothing beyond this machine.
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-pings", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("disable-component-update", true),
	)...)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		ending, ended := context.WithTimeout(ctx, 10*time.Second)
		defer ended()
		if err := chromedp.Cancel(ending); err != nil { // waits for the end of its processes
			t.Errorf("Chromium did not end well: %v", err)
		}
		stop()
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return &browser{ctx}
}

// tab is a browser of a person's own: it shares no cookies with others.
type tab struct {
	*testing.T
	ctx context.Context
	// home is the address that paths belong to.
	home string

	mu sync.Mutex
	// asked are the addresses of documents that the browser has asked for, in order, redirects among them; loaded those of all
	// else.
	asked, loaded []string
	// complaints are what the browser has to say against the pages.
	complaints []string
}

// open opens a browser whose paths belong to home.
func (b *browser) open(t *testing.T, home string) *tab {
	t.Helper()
	at := &tab{T: t, home: home}
	ctx, closeTab := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(at.listen))
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // without an end, which would be that of the tab
		t.Fatal(err)
	}
	bounded, cancel := context.WithTimeout(ctx, browserPatience)
	t.Cleanup(cancel)
	at.ctx = bounded
	if _, err := chromedp.Call(at.ctx, audits.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return at
}

// listen notes what the browser asks for and complains about.
func (at *tab) listen(event any) {
	at.mu.Lock()
	defer at.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			at.asked = append(at.asked, e.Request.URL)
		} else {
			at.loaded = append(at.loaded, e.Request.URL)
		}
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceNetwork && e.Entry.Level == log.EntryLevelError && at.isDocument(e.Entry.URL) {
			return // a page that says what went wrong
		}
		at.complaints = append(at.complaints, strings.TrimSpace(string(e.Entry.Source)+" "+e.Entry.Text+" "+e.Entry.URL))
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodePerformanceIssue {
			return // about the tests, which read document.cookie
		}
		at.complaints = append(at.complaints, "issue "+string(e.Issue.Code))
	case *runtime.EventConsoleAPICalled:
		at.complaints = append(at.complaints, "console "+string(e.Type))
	case *runtime.EventExceptionThrown:
		at.complaints = append(at.complaints, "exception "+e.ExceptionDetails.Text)
	}
}

func (at *tab) isDocument(address string) bool {
	for _, asked := range at.asked {
		if asked == address {
			return true
		}
	}
	return false
}

// documents are the documents that the browser has asked for since the last call, in order.
func (at *tab) documents() []string {
	at.mu.Lock()
	defer at.mu.Unlock()
	asked := at.asked
	at.asked = nil
	return asked
}

// do fails the case when a step does not work.
func (at *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	at.Helper()
	if err := chromedp.Do(at.ctx, steps...); err != nil {
		at.Fatalf("%v, at %s, which says:\n%s", err, at.where(), at.text())
	}
}

// visit goes to a path, or to an address, and returns the status of the page at the end of all redirects.
func (at *tab) visit(path string) int64 {
	at.Helper()
	response, err := chromedp.Run(at.ctx, chromedp.NavigateResponse(at.address(path)))
	if err != nil {
		at.Fatalf("%s: %v", path, err)
	}
	return response.Status
}

func (at *tab) address(path string) string {
	if strings.HasPrefix(path, "/") {
		return at.home + path
	}
	return path
}

// named selects the button or link of the page itself, not of its frame, that says exactly words.
func named(words string) string {
	return `//main//*[self::a or self::button][normalize-space()="` + words + `"]`
}

// press clicks on the button or link that says words, and returns the status of the page that follows.
func (at *tab) press(words string) int64 {
	at.Helper()
	response, err := chromedp.RunResponse(at.ctx, chromedp.Click(named(words)))
	if err != nil {
		at.Fatalf("%q: %v, at %s, which says:\n%s", words, err, at.where(), at.text())
	}
	return response.Status
}

// where is the address that the browser shows.
func (at *tab) where() string {
	address, _ := chromedp.Run(at.ctx, chromedp.Location())
	return address
}

// text is what the page says.
func (at *tab) text() string {
	text, _ := chromedp.Run(at.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	return text
}

// is checks the address that the browser shows, a path.
func (at *tab) is(path string) {
	at.Helper()
	if got := at.where(); got != at.address(path) {
		at.Fatalf("the browser is at %s, want %s; it says:\n%s", got, path, at.text())
	}
}

// becomes waits until the browser shows the address, and the page is there.
func (at *tab) becomes(path string) {
	at.Helper()
	testkit.Eventually(at, "the browser at "+path, func() bool {
		ready, err := chromedp.Run(at.ctx, chromedp.Evaluate[string](`document.readyState + " " + location.href`))
		return err == nil && ready == "complete "+at.address(path)
	})
}

// says checks that the page has each of the texts.
func (at *tab) says(texts ...string) {
	at.Helper()
	page := at.text()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			at.Errorf("%s does not say %q, but:\n%s", at.where(), text, page)
		}
	}
}

// script runs a script beside the page, after its promise if it returns one, and returns its text.
func (at *tab) script(source string) string {
	at.Helper()
	text, err := chromedp.Run(at.ctx, chromedp.Evaluate[string](source, chromedp.EvalAwaitPromise))
	if err != nil {
		at.Fatalf("%v in %s", err, source)
	}
	return text
}

// tabTo presses the tab key until what says words has the focus, and checks that each stop on the way shows.
func (at *tab) tabTo(words string) {
	at.Helper()
	const stops = 20
	for range stops {
		at.do(chromedp.KeyEvent(kb.Tab))
		focus := at.script(focusScript)
		if name, fault, _ := strings.Cut(focus, "\n"); fault != "" {
			at.Errorf("%s: %q has the focus and %s", at.where(), name, fault)
		} else if name == words {
			return
		}
	}
	at.Fatalf("%s: the tab key does not reach %q", at.where(), words)
}

// look sets the width of the window and the colours that the person prefers.
func (at *tab) look(width int64, scheme string) {
	at.Helper()
	if _, err := chromedp.Call(at.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}); err != nil {
		at.Fatal(err)
	}
	at.do(chromedp.EmulateViewport(width, 800))
}

// picture puts a picture of the page into the directory that the environment names.
func (at *tab) picture(name string) {
	at.Helper()
	directory := os.Getenv(screenshots)
	if directory == "" {
		return
	}
	picture, err := chromedp.Run(at.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		at.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, name+".png"), picture, 0o600); err != nil {
		at.Fatal(err)
	}
}

// navigateOnly goes to an address and does not wait: the page leaves by itself.
func navigateOnly(address string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.Navigate, page.NavigateParams{URL: address})
		return err
	})
}
