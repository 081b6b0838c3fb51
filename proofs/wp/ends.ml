(* SPDX-License-Identifier: Apache-2.0
   Copyright The Libella authors

   ends: a script for Frama-C that prints, after WP, what decides whether each function of the
   sources ends: its file, its name, how many loops it has, how many of them have a variant that is
   proved, and the functions that it calls, "*" for a call through a pointer; divided by tabs. A
   cycle of gotos counts as a loop; it has no variant. *)

open Cil_types

let proved ip =
  match Property_status.get ip with
  | Property_status.Best (Property_status.True, _) -> true
  | _ -> false

let variants kf stmt =
  let of_annotation ca =
    match ca.annot_content with
    | AVariant _ -> [ Property.ip_of_code_annot_single kf stmt ca ]
    | _ -> []
  in
  List.concat_map of_annotation (Annotations.code_annot stmt)

let is_loop stmt = match stmt.skind with Loop _ -> true | _ -> false

(* Statements that close a cycle which leads through no loop statement. *)
let goto_cycles fundec =
  let state = Hashtbl.create 100 in
  let cycles = ref 0 in
  let rec visit stmt =
    match Hashtbl.find_opt state stmt.sid with
    | Some `Open -> incr cycles
    | Some `Closed -> ()
    | None when is_loop stmt -> ()
    | None ->
      Hashtbl.replace state stmt.sid `Open;
      List.iter visit stmt.succs;
      Hashtbl.replace state stmt.sid `Closed
  in
  List.iter visit fundec.sallstmts;
  !cycles

class calls_visitor =
  object
    inherit Visitor.frama_c_inplace
    val mutable calls = []
    method calls = List.sort_uniq compare calls

    method! vinst instruction =
      (match instruction with
       | Call (_, { enode = Lval (Var f, NoOffset) }, _, _) -> calls <- f.vorig_name :: calls
       | Call _ -> calls <- "*" :: calls
       | Local_init (_, ConsInit (f, _, _), _) -> calls <- f.vorig_name :: calls
       | _ -> ());
      Cil.SkipChildren
  end

let print_function kf fundec =
  let loops = List.filter is_loop fundec.sallstmts in
  let ends stmt = List.exists proved (variants kf stmt) in
  let calls = new calls_visitor in
  ignore (Visitor.visitFramacFunction (calls :> Visitor.frama_c_visitor) fundec);
  let position = fst fundec.svar.vdecl in
  Printf.printf "ends\t%s\t%s\t%d\t%d\t%s\n%!"
    (Filepath.Normalized.to_pretty_string position.Filepath.pos_path)
    fundec.svar.vorig_name
    (List.length loops + goto_cycles fundec)
    (List.length (List.filter ends loops))
    (String.concat " " calls#calls)

let print_all () =
  Globals.Functions.iter (fun kf ->
      match kf.fundec with
      | Definition (fundec, _) -> print_function kf fundec
      | _ -> ())

let () = Db.Main.extend print_all
