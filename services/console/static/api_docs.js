// Shows the OpenAPI document with Swagger UI, whose files are served from here.
const operations = document.getElementById("operations");
SwaggerUIBundle({
  url: operations.dataset.document,
  domNode: operations,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // no badge from another site
  persistAuthorization: false, // a key stays in the page alone
  syntaxHighlight: { activated: false }, // its styles would need `unsafe-inline`
});
