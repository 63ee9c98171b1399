// The page's Trusted Types policy. HTML comes from our own server only, where people's text was sanitised;
// scripts may be loaded from this origin only. Classic script: it must stand before htmx.
(() => {
  if (!window.trustedTypes?.createPolicy) return;
  window.trustedTypes.createPolicy('default', {
    createHTML: (html) => html,
    createScriptURL: (url) => {
      if (new URL(url, location.href).origin !== location.origin) throw new TypeError('script from another origin');
      return url;
    },
  });
})();
