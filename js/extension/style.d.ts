/** The stylesheet of live views as text, put there by build.mjs. */
declare module "@rodflow/style" {
  const css: string;
  export default css;
}
