// Polku's tracking script. It keeps and sends nothing until the visitor agrees: polku.consent(true).
// <script src="https://crm.example.com/t.js" data-key="pk_..." defer></script>
(() => {
  const tag = document.currentScript;
  const { key, consent: said, domain } = tag.dataset;
  const home = new URL(tag.src).origin;
  const NAME = "polku_id";
  const YEAR = 34164000; // 13 months less a few days, in seconds
  const CLICKS = ["gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid"];
  const UTM = { utm_campaign: "name", utm_source: "source", utm_medium: "medium", utm_term: "term", utm_content: "content" };
  const waiting = [];
  let agreed = false;
  let refused = false;
  let came = {}; // how this visit began: the first address that said so
  let last = "";

  const cookie = () => document.cookie.match(/(?:^|; )polku_id=([\w-]+)/)?.[1];
  const write = (value, age) => {
    const where = domain ? `; Domain=${domain}` : "";
    document.cookie = `${NAME}=${value}; Path=/; Max-Age=${age}; SameSite=Lax${where}${location.protocol === "https:" ? "; Secure" : ""}`;
  };
  const newId = () => crypto.randomUUID?.() || [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const who = () => cookie() || (write(newId(), YEAR), cookie());

  const seen = () => {
    const query = new URLSearchParams(location.search);
    const found = {};
    for (const name of [...Object.keys(UTM), ...CLICKS]) if (query.get(name)) found[name] = query.get(name).slice(0, 300);
    return found;
  };

  const campaign = () => {
    const named = {};
    for (const [name, as] of Object.entries(UTM)) if (came[name]) named[as] = came[name];
    return named;
  };

  const send = (letter, call) => {
    const id = who();
    if (!id) return; // the browser keeps no cookie: then nobody is followed
    const body = JSON.stringify({
      ...call,
      anonymousId: id,
      messageId: newId(),
      timestamp: new Date().toISOString(),
      sentAt: new Date().toISOString(),
      writeKey: key,
      context: { ...call.context, campaign: campaign(), page: { url: location.href, referrer: document.referrer, title: document.title } },
    });
    fetch(`${home}/v1/${letter}`, { method: "POST", body, keepalive: true, credentials: "omit", headers: { "Content-Type": "text/plain" } }).catch(() => {});
  };
  const call = (letter, what) => {
    if (agreed) send(letter, what);
    else if (!refused && waiting.length < 100) waiting.push([letter, what]);
  };

  const clicks = () => Object.fromEntries(CLICKS.filter((name) => came[name]).map((name) => [name, came[name]]));
  const page = () => {
    if (location.href === last) return;
    last = location.href;
    came = { ...seen(), ...came };
    call("p", {
      properties: { ...clicks(), url: location.href, path: location.pathname, title: document.title, referrer: document.referrer },
    });
    dress();
  };

  // Our forms in the page, and links to them, learn who comes and by which campaign.
  const dress = () => {
    for (const one of document.querySelectorAll(`iframe[src^="${home}/f/"], iframe[data-polku], a[href^="${home}/f/"]`)) {
      const name = one.tagName === "A" ? "href" : "src";
      const from = one.getAttribute(name) || one.dataset.polku;
      const to = new URL(from, home);
      for (const [param, value] of Object.entries(came)) if (!to.searchParams.has(param)) to.searchParams.set(param, value);
      if (!to.searchParams.has("page")) to.searchParams.set("page", location.href.slice(0, 300));
      const who = { k: agreed && cookie() && key, a: agreed && cookie() };
      for (const [param, value] of Object.entries(who)) value ? to.searchParams.set(param, value) : to.searchParams.delete(param);
      if (to.href !== one[name]) one.setAttribute(name, to.href);
    }
  };

  const polku = {
    page,
    track: (event, properties = {}) => call("t", { event, properties: { ...clicks(), ...properties } }),
    identify: (traits) => call("i", { traits }),
    consent: (yes) => {
      const anew = refused;
      agreed = Boolean(yes);
      refused = !agreed;
      if (refused) {
        waiting.length = 0;
        write("", 0);
        return dress(); // our forms in the page forget who it is
      }
      if (anew) last = "";
      if (anew) page();
      for (const one of waiting.splice(0)) send(...one);
      dress();
    },
  };

  // Forms of the site itself: <form data-polku="Quote Requested"> with a field named email.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches?.("form[data-polku]")) return;
    const field = (name) => form.elements[name]?.value?.trim();
    const email = field("email");
    if (!email) return;
    const traits = { email };
    for (const name of ["name", "phone", "company", "title"]) if (field(name)) traits[name] = field(name);
    call("i", { traits });
    call("t", { event: form.dataset.polku || "Form Submitted", context: { traits: { email } }, properties: { ...clicks(), form: form.getAttribute("name") || form.id || "" } });
  });

  // Pages that change without loading.
  for (const name of ["pushState", "replaceState"]) {
    const before = history[name];
    history[name] = function (...given) {
      before.apply(this, given);
      setTimeout(page);
    };
  }
  addEventListener("popstate", () => setTimeout(page));

  window.polku = polku;
  if (cookie() || said === "given") polku.consent(true);
  page();
})();
