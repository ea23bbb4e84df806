/** Injection token of the path under which the module mounts the controllers. Default `automation`. */
export const HTTP_PATH = Symbol('AUTOMATION_HTTP_PATH');
